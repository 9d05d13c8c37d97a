// Says of one call of a layer what its shapes are, and whether those that a person has fit them.
// It knows no page. What it knows of shapes it reads from the contract. Sizes are BigInt, which are exact.
"use strict";

const call = (() => {
  const tuple = (parts) => `(${parts.join(", ")}${parts.length === 1 ? "," : ""})`;
  const shown = (shape) => tuple(shape.split(" "));

  // The numbers of a symbolic shape: evaluate("D*num_layers N", axes).
  const evaluate = (shape, axes) =>
    shape.split(" ").map((axis) =>
      axis.split("*").map((name) => axes[name]).reduce((one, other) => one * other));

  const sum = (lengths) => lengths.reduce((one, other) => one + other, 0n);
  const longest = (lengths) => lengths.reduce((one, other) => (one > other ? one : other), 0n);

  // The column of the contract's tables, and that of a batch before it is packed.
  const padded = ({ cell, batch_first }) =>
    cell ? "batched" : batch_first ? "batch first" : "sequence first";
  const column = (choice) => (choice.layout === "batched" ? padded(choice) : choice.layout);

  const ruleOf = (contract, kind, tensor) =>
    Object.values(contract.rules).find((rule) =>
      rule.layers.includes(kind) && rule.tensors.includes(tensor) && Object.keys(rule.shapes).length);

  function axesOf(contract, choice) {
    const { kind, lengths } = choice;
    return {
      D: choice.bidirectional ? 2n : 1n, num_layers: choice.num_layers,
      H_in: choice.input_size, H_cell: choice.hidden_size, H_out: choice.proj_size || choice.hidden_size,
      N: choice.layout === "packed" ? BigInt(lengths.length) : choice.N, L: choice.L,
      "sum(lengths)": sum(lengths), gates: BigInt(contract.gates[kind.replace("Cell", "")].length),
    };
  }

  // --- What a person has, against the contract ---

  // In one sentence: which axes of a tensor differ from what the contract expects. Empty if none does.
  function differs(name, given, symbols, axes) {
    const parts = symbols.split(" ");
    const your = `Your ${name} is ${tuple(given)}`;
    const form = shown(symbols);
    if (given.length !== parts.length) {
      const many = given.length === 1 ? "1 axis" : `${given.length} axes`;
      return `${your}, which has ${many}; expected ${parts.length}: ${form}.`;
    }
    const expected = evaluate(symbols, axes);
    const wrong = parts.flatMap((part, index) => given[index] === expected[index] ? [] :
      `axis ${index}, ${part}, is ${given[index]}, expected ${expected[index]}`);
    return wrong.length && `${your}; expected ${tuple(expected)} = ${form}: ${wrong.join("; ")}.`;
  }

  // The column in which the given input is read, and the choice with the N and L that it has.
  function withInput(contract, choice) {
    const { input } = choice.given;
    if (!input) return { choice, symbols: "" };
    const { shapes } = ruleOf(contract, choice.kind, "input");
    const before = choice.layout === "packed" && input.length === 3;
    const symbols = shapes[before ? padded(choice) : column(choice)];
    const sizes = Object.fromEntries(symbols.split(" ").map((name, index) => [name, input[index]]));
    const { N = choice.N, L = choice.L } = sizes;
    return { choice: { ...choice, N, L }, symbols };
  }

  function inputHint({ given: { input }, layout, lengths, cell, input_size, N }, symbols) {
    if (input.length !== symbols.split(" ").length) {
      const single = layout === "batched" ? " One sequence alone has 2 axes: (L, H_in)." : "";
      return cell ? " A cell takes one step, so there is no axis L." : single;
    }
    if (symbols.includes("N") && layout === "packed" && BigInt(lengths.length) !== N) {
      return " There is one length for each sequence.";
    }
    const at = input.indexOf(input_size);
    return input.at(-1) !== input_size && at >= 0
      ? ` Axis ${at} is ${input_size}: are the axes in the order ${shown(symbols)}?` : "";
  }

  function checkInput(choice, symbols, axes) {
    const { given: { input }, layout, lengths, cell } = choice;
    const shape = cell ? "rnn-cell-input-shape" : "input-shape";
    const before = layout === "packed" && symbols !== "sum(lengths) H_in";
    const wrong = differs("input", input, symbols, axes);
    if (wrong) return [{ text: wrong + inputHint(choice, symbols), rule: shape }];
    if (!cell && choice.L < 1n) {
      const text = "Your input has no steps: L is 0, expected at least 1.";
      return [{ text, rule: "empty-sequence-refused" }];
    }
    if (before && longest(lengths) > choice.L) {
      const text = `The longest of the lengths is ${longest(lengths)}; expected at most ` +
        `L = ${choice.L}, the steps of your input.`;
      return [{ text, rule: "packing-lengths-refused" }];
    }
    return [];
  }

  function stateHint(given, parts, expected) {
    const batch = parts.indexOf("N");
    if (given.length !== parts.length || given[batch] === expected[batch]) return "";
    if (batch === 1 && given[1] === expected[0] && given[0] !== expected[0]) {
      return " batch_first does not move the batch axis of a state: it is axis 1.";
    }
    return given.every((size, index) => index === batch || size === expected[index])
      ? " N is that of the input. The last batch of a DataLoader is often smaller." : "";
  }

  function checkStates(contract, choice, axes) {
    return ["h_0", "c_0"].filter((tensor) => choice.given[tensor]).flatMap((tensor) => {
      const given = choice.given[tensor];
      const rule = ruleOf(contract, choice.kind, tensor);
      const symbols = rule.shapes[column(choice)];
      const text = differs(tensor, given, symbols, axes);
      if (!text) return [];
      const hint = stateHint(given, symbols.split(" "), evaluate(symbols, axes));
      return [{ text: text + hint, rule: rule.id }];
    });
  }

  // What a message says of sizes, against the layer: it may be the message of another one.
  function checkMessage(contract, choice, axes) {
    const { tensor, expected, width, input_size } = choice.sizes ?? {};
    if (tensor && contract.tensors.includes(tensor)) {
      const rule = ruleOf(contract, choice.kind, tensor);
      const here = rule ? tuple(evaluate(rule.shapes[column(choice)], axes)) : `no ${tensor}`;
      const there = tuple(expected);
      const text = `The message is about another call: there ${tensor} has to be ${there}, here ${here}.`;
      return here === there ? [] : [{ text, rule: rule?.id }];
    }
    if (!width || choice.given.input) return [];
    const text = input_size === choice.input_size
      ? `The message says that the last axis of your input is ${width}; expected ${input_size}, the ` +
        "input_size of the layer."
      : `The message is about another layer: there input_size is ${input_size}, here ${choice.input_size}.`;
    return [{ text, rule: choice.cell ? "rnn-cell-input-shape" : "input-shape" }];
  }

  // All that is wrong; and the choice as the given input completes it.
  function judge(contract, chosen) {
    const { choice, symbols } = withInput(contract, chosen);
    const axes = axesOf(contract, choice);
    const problems = symbols ? checkInput(choice, symbols, axes) : [];
    const ranked = !symbols || choice.given.input.length === symbols.split(" ").length;
    if (ranked) {
      problems.push(...checkStates(contract, choice, axes), ...checkMessage(contract, choice, axes));
    }
    return { choice, problems, answered: ranked && (choice.L > 0n || choice.layout === "packed") };
  }

  // How a right input is read. Torch cannot know that the first axis was meant to be the batch.
  function reading({ cell, layout, batch_first, N, L, given }) {
    if (!given.input || cell || layout !== "batched") return [];
    const meant = batch_first ? "" : " If the first axis is to be N, the layer needs batch_first=True.";
    return [`The input is read as N = ${N} sequences of L = ${L} steps.${meant}`];
  }

  // --- The answer ---

  const python = (value) =>
    ({ true: "True", false: "False" })[value] ?? (typeof value === "string" ? `'${value}'` : `${value}`);

  function layerOf(contract, choice) {
    const options = Object.entries(contract.arguments[choice.kind])
      .filter(([name, value]) => `${choice[name]}` !== `${value}`)
      .map(([name]) => `, ${name}=${python(choice[name])}`);
    return `nn.${choice.kind}(${choice.input_size}, ${choice.hidden_size}${options.join("")})`;
  }

  function rowsOf(contract, choice, axes) {
    return contract.tensors.flatMap((tensor) => {
      const rule = ruleOf(contract, choice.kind, tensor);
      if (!rule) return [];
      const shape = rule.shapes[column(choice)];
      // A packed sequence has no shape: its data has.
      const packed = choice.layout === "packed" && ["input", "output"].includes(tensor);
      const name = packed ? `${tensor}.data` : tensor;
      return [{ tensor, name, rule, shape, symbolic: shown(shape), numbers: tuple(evaluate(shape, axes)) }];
    });
  }

  function codeOf(contract, choice, layer, rows) {
    const { kind, lengths, batch_first, input_size, given } = choice;
    const numbers = (tensor) => rows.find((row) => row.tensor === tensor)?.numbers;
    const batch = [BigInt(lengths.length), longest(lengths)];
    const shape = tuple([...(batch_first ? batch : batch.reverse()), input_size]);
    const input = choice.layout === "packed"
      ? `nn.utils.rnn.pack_padded_sequence(torch.randn${shape}, [${lengths.join(", ")}], ` +
        `${batch_first ? "batch_first=True, " : ""}enforce_sorted=False)`
      : `torch.randn${numbers("input")}`;
    const states = ["h_0", "c_0"].map(numbers).filter(Boolean)
      .map((state) => `torch.zeros${state}`).join(", ");
    const state = !given.h_0 && !given.c_0 ? "" : kind.startsWith("LSTM") ? `, (${states})` : `, ${states}`;
    return `import torch\nfrom torch import nn\n\n${contract.returns[kind]} = ${layer}(${input}${state})`;
  }

  function pictureOf(contract, pictures, choice, axes, fields) {
    const { kind, cell, num_layers, lengths } = choice;
    const few = (number) => (number < contract.many ? number : contract.many);
    const steps = choice.layout === "packed" ? longest(lengths) : choice.L;
    const name = cell
      ? (kind === "LSTMCell" ? kind : "RNNCell")
      : `${kind === "LSTM" ? kind : "RNN"}-${few(num_layers)}-${axes.D}-${few(steps)}`;
    const batched = choice.layout === "batched";
    Object.assign(fields, axes, {
      last_step: steps - 1n, last_layer: num_layers - 1n, last_state: axes.D * num_layers - 1n,
      last_forward: axes.D * num_layers - 2n, sheets: batched ? "visible" : "hidden",
      batch: batched ? contract.batch.replace("{}", axes.N) : "",
      note: choice.layout === "packed" ? contract.packed : "",
    });
    return (pictures?.[name] ?? "").replace(/\{(\w+)\}/g, (_, name) => fields[name]);
  }

  // Everything of a right call. The choice is as judge returned it.
  function describe(contract, pictures, choice) {
    const axes = axesOf(contract, choice);
    const rows = rowsOf(contract, choice, axes);
    const layer = layerOf(contract, choice);
    const fields = Object.fromEntries(rows.map((row) => [row.tensor, `${row.symbolic} = ${row.numbers}`]));
    const names = new Set(rows.flatMap((row) => row.shape.split(/[* ]/)));
    const lengths = choice.layout === "packed" ? `, lengths [${choice.lengths.join(", ")}]` : "";
    return {
      rows, layer, title: `${layer}, ${column(choice)}${lengths}`,
      sizes: [...names].map((name) => `${name} = ${axes[name]}`).join(", "),
      code: codeOf(contract, choice, layer, rows),
      svg: pictureOf(contract, pictures, choice, axes, { ...fields, layer }),
    };
  }

  // --- The parameters ---

  // Each row stands for the parameters of the first layer, or for those of all layers above it.
  function parameters(contract, choice) {
    const axes = axesOf(contract, choice);
    const stems = contract.parameters.filter((stem) =>
      stem === "weight_hr" ? choice.proj_size > 0n : choice.bias || !stem.startsWith("bias"));
    const depths = ["k = 0", ...(choice.num_layers > 1n ? ["k > 0"] : [])];
    const last = choice.num_layers - 1n;
    return depths.flatMap((depth) => stems.map((stem) => {
      const rule = ruleOf(contract, choice.kind, stem);
      const shape = rule.shapes[depth];
      const suffix = choice.cell ? "" : depth === "k = 0" ? "_l0" : last === 1n ? "_l1" : "_l[k]";
      return { name: stem + suffix, rule, symbolic: shown(shape), numbers: tuple(evaluate(shape, axes)) };
    }));
  }

  // What the table of parameters says in short.
  function naming(choice) {
    const last = choice.num_layers - 1n;
    const above = last > 1n ? `[k] stands for each layer from 1 to ${last}. ` : "";
    return above + (choice.bidirectional
      ? "The backward direction has all of them again, with _reverse at the end: weight_ih_l0_reverse."
      : "");
  }

  // The rows of each gate, in Python's slices; empty for an RNN, which has none.
  function gates(contract, choice) {
    const letters = contract.gates[choice.kind.replace("Cell", "")];
    if (letters.length === 1) return "";
    const H = choice.hidden_size;
    const rows = (index) => `[${BigInt(index) * H}:${BigInt(index + 1) * H}]`;
    return letters.map((letter, index) => `${letter} is ${rows(index)}`).join(", ");
  }

  return { judge, reading, describe, parameters, naming, gates, tuple };
})();
