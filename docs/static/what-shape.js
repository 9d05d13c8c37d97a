// The form of what-shape.html. What it knows of shapes it reads from the contract, which the page
// holds as JSON; tests/docs/browser/test_what_shape.py holds its answers against Python's.
"use strict";
{
  const contract = JSON.parse(document.getElementById("contract").textContent);
  const form = document.getElementById("layer");
  const at = (id) => document.getElementById(id);

  // The numbers of a symbolic shape: evaluate("D*num_layers N", axes).
  const evaluate = (shape, axes) =>
    shape.split(" ").map((axis) =>
      axis.split("*").map((name) => axes[name]).reduce((one, other) => one * other));

  const tuple = (parts) => `(${parts.join(", ")}${parts.length === 1 ? "," : ""})`;
  const shown = (shape) => `(${shape.split(" ").join(", ")}${shape.includes(" ") ? "" : ","})`;

  // --- What is chosen ---

  // The fields that say something of this kind of layer and layout.
  const APPLIES = {
    num_layers: ({ cell }) => !cell,
    proj_size: ({ kind }) => kind === "LSTM",
    batch_first: ({ cell }) => !cell,
    bidirectional: ({ cell }) => !cell,
    N: ({ layout }) => layout === "batched",
    L: ({ cell, layout }) => !cell && layout !== "packed",
    lengths: ({ layout }) => layout === "packed",
  };

  const whole = (text) => (/^\d+$/.test(text) ? BigInt(text) : -1n);

  // The choice, and by field what is wrong with it. Sizes are BigInt, as exact as Python's.
  function choose() {
    const kind = form.kind.value;
    const cell = kind.endsWith("Cell");
    const packed = [...form.layout.options].find((option) => option.value === "packed");
    packed.disabled = cell;
    if (cell && packed.selected) form.layout.value = "batched";
    const choice = { kind, cell, layout: form.layout.value };
    const errors = {};
    for (const field of form.querySelectorAll("input")) {
      const name = field.name;
      const applies = !(name in APPLIES) || APPLIES[name](choice);
      field.disabled = !applies;
      field.parentElement.hidden = !applies;
      if (!applies) {
        choice[name] = { num_layers: 1n, L: 1n, lengths: [] }[name] ?? (field.type === "number" ? 0n : false);
      } else if (field.type === "checkbox") {
        choice[name] = field.checked;
      } else if (name === "lengths") {
        choice[name] = field.value.split(",").map((length) => whole(length.trim()));
        if (choice[name].some((length) => length < 1n)) {
          errors[name] = "an int of at least 1 for each sequence, such as 4, 2";
        }
      } else {
        choice[name] = whole(field.value);
        if (choice[name] < BigInt(field.min)) errors[name] = `an int of at least ${field.min}`;
      }
    }
    if (choice.proj_size < 0n || (choice.proj_size > 0n && choice.proj_size >= choice.hidden_size)) {
      errors.proj_size = "an int from 0 to hidden_size - 1";
    }
    return [choice, errors];
  }

  // --- The answer ---

  function explain(choice) {
    const { kind, cell, num_layers, lengths } = choice;
    const D = choice.bidirectional ? 2n : 1n;
    const steps = lengths.reduce((one, other) => (one > other ? one : other), choice.L);
    const axes = {
      D, num_layers, H_in: choice.input_size, H_cell: choice.hidden_size,
      H_out: choice.proj_size || choice.hidden_size,
      N: choice.layout === "packed" ? BigInt(lengths.length) : choice.N, L: choice.L,
      "sum(lengths)": lengths.reduce((one, other) => one + other, 0n),
    };
    const ordered = choice.batch_first ? "batch first" : "sequence first";
    const layout = choice.layout === "batched" && !cell ? ordered : choice.layout;

    const rows = [];
    for (const tensor of contract.tensors) {
      const rule = Object.values(contract.rules).find((rule) =>
        rule.layers.includes(kind) && rule.tensors.includes(tensor) && Object.keys(rule.shapes).length);
      if (rule) {
        const shape = rule.shapes[layout];
        // A packed sequence has no shape: its data has.
        const packed = layout === "packed" && ["input", "output"].includes(tensor);
        const name = packed ? `${tensor}.data` : tensor;
        rows.push({ tensor, name, rule, shape, symbolic: shown(shape), numbers: tuple(evaluate(shape, axes)) });
      }
    }

    const flags = Object.entries({
      num_layers: num_layers !== 1n && num_layers, batch_first: choice.batch_first && "True",
      bidirectional: choice.bidirectional && "True", proj_size: choice.proj_size,
    }).filter(([, value]) => value).map(([name, value]) => `, ${name}=${value}`).join("");
    const layer = `nn.${kind}(${choice.input_size}, ${choice.hidden_size}${flags})`;
    const batch = [BigInt(lengths.length), steps];
    const padded = tuple([...(choice.batch_first ? batch : batch.reverse()), choice.input_size]);
    const input = lengths.length
      ? `nn.utils.rnn.pack_padded_sequence(torch.randn${padded}, [${lengths.join(", ")}], ` +
        `${choice.batch_first ? "batch_first=True, " : ""}enforce_sorted=False)`
      : `torch.randn${rows[0].numbers}`;

    const fields = Object.fromEntries(rows.map((row) => [row.tensor, `${row.symbolic} = ${row.numbers}`]));
    const few = (number) => (number < contract.many ? number : contract.many);
    const picture = cell
      ? contract.pictures[kind === "LSTMCell" ? kind : "RNNCell"]
      : contract.pictures[`${kind === "LSTM" ? kind : "RNN"}-${few(num_layers)}-${D}-${few(steps)}`];
    const batched = !["packed", "unbatched"].includes(layout);
    Object.assign(fields, axes, {
      layer, last_step: steps - 1n, last_layer: num_layers - 1n, last_state: D * num_layers - 1n,
      last_forward: D * num_layers - 2n, sheets: batched ? "visible" : "hidden",
      batch: batched ? contract.batch.replace("{}", axes.N) : "",
      note: lengths.length ? contract.packed : "",
    });

    const names = new Set(rows.flatMap((row) => row.shape.split(/[* ]/)));
    return {
      rows,
      title: `${layer}, ${layout}${lengths.length ? `, lengths [${lengths.join(", ")}]` : ""}`,
      sizes: [...names].map((name) => `${name} = ${axes[name]}`).join(", "),
      code: `${contract.returns[kind]} = ${layer}(${input})`,
      svg: picture.replace(/\{(\w+)\}/g, (_, name) => fields[name]),
    };
  }

  // --- The page ---

  function cell(name, text, link) {
    const made = document.createElement(name);
    const inner = document.createElement(link ? "a" : "code");
    inner.textContent = text;
    if (link) inner.href = link;
    if (name === "th") made.scope = "row";
    made.append(inner);
    return made;
  }

  function show(unknown = []) {
    const [choice, errors] = choose();
    const status = (text) => {
      const left = unknown.length ? `Not known, and left out: ${unknown.join(", ")}. ` : "";
      at("status").textContent = left + text;
    };
    for (const field of form.querySelectorAll("input:not([type=checkbox])")) {
      at(`${field.id}-error`).textContent = errors[field.name] ? `expected ${errors[field.name]}` : "";
      field.setAttribute("aria-invalid", field.name in errors);
    }
    const wrong = Object.entries(errors);
    at("answer").hidden = wrong.length > 0;
    if (wrong.length) {
      status(`No answer: ${wrong.map((parts) => parts.join(": expected ")).join("; ")}.`);
      return;
    }
    const answer = explain(choice);
    const results = answer.rows.filter((row) => /output|_[n1]$/.test(row.tensor));
    status(results.map((row) => `${row.name} is ${row.numbers}`).join(", ") + ".");
    at("answer").querySelector("caption").textContent = answer.title;
    at("answer").querySelector("tbody").replaceChildren(...answer.rows.map((row) => {
      const line = document.createElement("tr");
      line.append(cell("th", row.name), cell("td", row.symbolic), cell("td", row.numbers),
        cell("td", row.rule.id, `rules/${row.rule.id}.html`));
      return line;
    }));
    at("sizes").textContent = answer.sizes;
    at("code").textContent = answer.code;
    at("picture").innerHTML = answer.svg;
  }

  // The address holds what is chosen: #kind=LSTM&num_layers=10&...
  function write() {
    const chosen = new URLSearchParams();
    for (const field of form.elements) {
      if (!field.name || field.disabled) continue;
      if (field.type !== "checkbox") chosen.set(field.name, field.value);
      else if (field.checked) chosen.set(field.name, "true");
    }
    history.replaceState(null, "", `#${chosen}`);
  }

  function read() {
    form.reset();
    const unknown = [];
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      const field = form.elements.namedItem(name);
      if (field?.type === "checkbox" && ["true", "false"].includes(value)) {
        field.checked = value === "true";
      } else if (["number", "text"].includes(field?.type)) {
        field.value = value;
      } else if ([...(field?.options ?? [])].some((option) => option.value === value)) {
        field.value = value;
      } else {
        unknown.push(`${name}=${value}`);
      }
    }
    show(unknown);
    write();
  }

  for (const field of form.querySelectorAll("input:not([type=checkbox])")) {
    const error = document.createElement("span");
    error.id = `${field.id}-error`;
    error.className = "error";
    field.setAttribute("aria-describedby", error.id);
    field.after(error);
  }
  form.addEventListener("input", () => { show(); write(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  // Another fragment, such as that of "Skip to content", is no choice: the one that is made stays.
  const chosen = () => location.hash.includes("=");
  window.addEventListener("hashchange", () => (chosen() ? read() : write()));
  if (chosen()) read(); else show();
}
