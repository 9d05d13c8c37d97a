// Reads what a person has: the line of code that makes a layer, shapes, lengths, a message of torch.
// It knows no page. The arguments of the layers and the known messages it takes from the contract.
"use strict";

const pasted = (() => {
  const NUMBERS = String.raw`\d+(?:\s*,\s*\d+)*`;
  // A shape in brackets that is no call and no index: (2, 4), [2, 4], Size([2, 4]), (8,), zeros(2, 4).
  const SHAPE = new RegExp(
    String.raw`(?:(?<![\w\]).])(?:\(\s*(?=\d+\s*,)|\[\s*)` +
    String.raw`|\b(?:new_)?(?:zeros|ones|randn|rand|empty)\(\s*)` +
    String.raw`(${NUMBERS})\s*,?\s*(?:[\])]|\w+\s*=)`, "g");
  const BARE = /^(?:.*[:=])?\s*(\d+(?:(?:\s*,\s*|\s+)\d+)+)\s*,?\s*$/;
  const PROMPT = /^\s*(?:>>>|\.\.\.|(?:In|Out) ?\[\d+\]:)/;
  const TRACEBACK = /^.*Traceback \(most recent call last\)[^]*\n(?=.*\b\w*(?:Error|Exception): )/m;
  const RAISED = /\b\w*(?:Error|Exception|Warning): .*(?:\n\t.*)*/g;
  const LITERAL = /^(?:[-+]?\d[\d_]*(?:\.\d*)?(?:e[-+]?\d+)?|[-+]?\.\d+|'[^']*'|"[^"]*"|True|False)$/;
  const LAYER = /(?<![\w.])(?<!\bclass\s+)(?:torch\.)?(nn\.)?((?:RNN|GRU|LSTM)(?:Cell)?)\s*\(/g;
  // Carriage returns, and the colours of a terminal.
  const CODES = /\r|\x1b\[[0-9;]*[A-Za-z]/g;
  const NAME = String.raw`[A-Za-z_][\w.]*`;
  // "EMB = 5", also among arguments, and "N, L = 2, 4".
  const ASSIGNED = new RegExp(String.raw`(${NAME})(?:\s*:\s*int)?\s*=\s*(\d+|True|False)` +
    String.raw`(?![\w.*]|\s*[,*]\s*\d)`, "g");
  const UNPACKED = new RegExp(
    String.raw`^[^\S\n]*(${NAME}(?:\s*,\s*${NAME})+)\s*=\s*(${NUMBERS})[^\S\n]*(?:#.*)?$`, "gm");
  const ROLES = {
    lengths: /^(?:\w*lengths?|\w*lens?|pack_padded_sequence)$/,
    c_0: /^(?:c|cx|c_?0|cell\w*|(?:hx|hidden\w*|states?)\[1\])$/,
    h_0: /^(?:h|hx|h_?0|h_?prev|hidden\w*|states?|(?:hx|hidden\w*|states?)\[0\])$/,
    // What comes out of a layer is no part of the call.
    output: /^(?:y|out\w*|[hc]_?[n1]|logits|targets?|labels?|weight\w*|bias\w*)$/,
    input: /^(?:x|inp\w*|data|seqs?|sequences?|emb\w*|batch|src|packed)$/,
  };

  // The sizes of "[4, 2]", "(4, 2)", "4 2" or "torch.Size([4, 2])"; null where it is none of these.
  function sizes(text) {
    const inner = text.trim().replace(/^(?:torch\.)?(?:Size|tensor)\((.*)\)$/, "$1").trim()
      .replace(/^\((.*)\)$|^\[(.*)\]$/, "$1$2").trim().replace(/(?<=\d)\s*,$/, "");
    const parts = inner.split(/\s*,\s*|\s+/);
    return parts.every((part) => /^\d+$/.test(part)) ? parts.map(BigInt) : null;
  }

  // --- The message ---

  // The last message that is known in a text of single spaces, by the first entry that fits it.
  function findKnown(text, messages) {
    let last = { end: 0 };
    for (const known of messages) {
      for (const { index, 0: words } of text.matchAll(new RegExp(known.pattern, "g"))) {
        if (index + words.length > last.end) last = { end: index + words.length, known, words };
      }
    }
    return last;
  }

  // The message of torch in the text, what is known of it, and the text without it and its traceback.
  function findMessage(text, messages) {
    const { known, words } = findKnown(text.split(/\s+/).join(" "), messages);
    const escaped = (word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const line = words && text.match(new RegExp(words.split(" ").map(escaped).join("\\s+")))?.[0];
    const message = [...text.matchAll(RAISED)].pop()?.[0] ?? line ?? "";
    const short = text.replace(TRACEBACK, "");
    return { message, known, short, rest: short.replace(message, "") };
  }

  // The sizes in a message: of a state as torch expected it and as it was, or of one width.
  function sizesOf(message) {
    const state = message.match(/hidden(?:\[(\d)\])? size \(([\d, ]+)\), got [[(]([\d, ]+)[\])]/);
    if (state) {
      return { tensor: state[1] === "1" ? "c_0" : "h_0", expected: sizes(state[2]), got: sizes(state[3]) };
    }
    const width = message.match(/input_size\. Expected (?<expected>\d+), got (?<got>\d+)/)
      ?? message.match(/input_size: got (?<got>\d+),? expected (?<expected>\d+)/);
    return width && { width: BigInt(width.groups.got), input_size: BigInt(width.groups.expected) };
  }

  // --- The layer ---

  // The text with numbers and flags in the place of the names that stand for them.
  function resolve(text) {
    const values = new Map();
    for (const [, name, value] of text.matchAll(ASSIGNED)) values.set(name, value);
    const others = text.replace(UNPACKED, (_, names, numbers) => {
      const all = numbers.split(/\s*,\s*/);
      names.split(/\s*,\s*/).forEach((name, index) => values.set(name, all[index]));
      return "";
    });
    return others.replace(/(?<![\w.])[A-Za-z_][\w.]*\b(?!\s*=(?!=))/g, (name) => values.get(name) ?? name);
  }

  // What stands between the bracket that opens at an index and the one that closes it, cut at its commas.
  function split(text, start) {
    const parts = [""];
    let depth = 0;
    let index = start;
    for (; index < text.length; index++) {
      const letter = text[index];
      if ("([{".includes(letter) && depth++ === 0) continue;
      if (")]}".includes(letter) && --depth === 0) break;
      if (letter === "," && depth === 1) parts.push("");
      else parts[parts.length - 1] += letter;
    }
    const line = text.indexOf("\n", start);
    // A bracket that is not closed ends with its line.
    if (index === text.length && line >= 0) return split(text.slice(0, line), start);
    const cleaned = parts.map((part) => part.replace(/#.*$/gm, "").trim());
    return [cleaned.filter(Boolean), index + 1];
  }

  const product = (text) => text.split("*").map(BigInt).reduce((one, other) => one * other);

  // The arguments by name; what is a name is told apart, and what torch would not take is a problem.
  function bind(kind, parts, options) {
    const order = ["input_size", "hidden_size", ...Object.keys(options)];
    const layer = { kind, values: {}, names: {}, problems: [] };
    const problem = (text, rule = "constructor-arguments") => layer.problems.push({ text, rule });
    for (const [index, part] of parts.entries()) {
      const [, named, written] = part.match(/^(?:(\w+)\s*=(?!=))?\s*([^]*)$/);
      const value = /^\d+(?:\s*\*\s*\d+)+$/.test(written) ? `${product(written)}` : written;
      const name = named ?? order[index];
      if (part.startsWith("*")) {
        problem(`${part} cannot be read here: write its arguments out.`);
      } else if (!name) {
        problem(`nn.${kind} takes ${order.length} arguments by position; ${value} is one too many.`);
      } else if (["device", "dtype"].includes(name)) {
        continue;
      } else if (!order.includes(name)) {
        problem(`nn.${kind} has no argument ${name}; it takes ${order.join(", ")}.`,
          name === "proj_size" ? "projection-refused" : undefined);
      } else if (LITERAL.test(value)) {
        layer.values[name] = value.replace(/^(['"])(.*)\1$/, "$2").replace(/(?<=\d)_(?=\d)/g, "");
      } else {
        layer.names[name] = value;
      }
    }
    for (const name of order.slice(0, 2)) {
      if (!(name in layer.values) && !(name in layer.names) && !layer.problems.length) {
        problem(`nn.${kind} needs ${name}, and the code gives none.`);
      }
    }
    return layer;
  }

  // The first layer in the code, how many there are, and the text without them.
  function findLayer(text, contract) {
    const found = [...text.matchAll(LAYER)];
    const ofTorch = found.filter((match) => match[1]);
    const calls = ofTorch.length ? ofTorch : found;
    let layer = null;
    let rest = text;
    for (const match of calls.reverse()) {
      const [parts, end] = split(text, match.index + match[0].length - 1);
      layer = bind(match[2], parts, contract.arguments[match[2]]);
      rest = rest.slice(0, match.index) + rest.slice(end);
    }
    return { layer, layers: calls.length, rest };
  }

  // --- The shapes ---

  const roles = (text) =>
    (text.match(/[A-Za-z_][\w.]*(?:\(\)|\[\d\])?(?:\.\w+)?/g) ?? []).flatMap((word) => {
      const name = word.replace(/^self\./, "").replace(/\.(?:shape|size)(?:\(\))?$/, "").split(".").pop();
      const role = Object.keys(ROLES).find((role) => ROLES[role].test(name.toLowerCase()));
      return role ?? (/\.(?:shape|size)(?:\(\))?$/.test(word) ? "input" : []);
    }).filter((role, index, all) => role !== all[index - 1]);

  // Shapes by tensor. One without a name is the input, then h_0, then c_0; what came out is not read.
  function findShapes(text) {
    const shapes = {};
    const unread = [];
    let names = [];
    for (const written of text.split("\n")) {
      const whole = written.replace(PROMPT, "");
      // What a comment says counts where the code before it has no shape.
      const code = whole.replace(/#.*/, "");
      const line = code.search(SHAPE) < 0 ? whole : code;
      let found = [...line.matchAll(SHAPE)];
      const bare = found.length ? null : line.match(BARE);
      if (bare) {
        found = [Object.assign([bare[0], bare[1]], { index: line.lastIndexOf(bare[1]) })];
      }
      let from = 0;
      for (const match of found) {
        const told = roles(line.slice(from, match.index));
        if (told.length) names = told;
        from = match.index + match[0].length;
        const name = names.shift() ?? ["input", "h_0", "c_0"].find((free) => !(free in shapes));
        const numbers = sizes(match[1])?.join(", ");
        if (numbers && name && name !== "output") shapes[name] ??= numbers;
        if (!name || shapes[name] !== numbers) unread.push(line.trim());
      }
      if (found.length) continue;
      if (/\.shape|\.size\(/.test(line)) names.push(...roles(line));
    }
    return { shapes, unread };
  }

  // All that was read: {layer, shapes, message, known, notes, problems, text}. The text has no traceback.
  function read(text, contract) {
    const plain = text.replace(CODES, "");
    const { message, known, short, rest } = findMessage(plain, contract.messages);
    const { layer, layers } = findLayer(resolve(plain.replace(message, "")), contract);
    const { shapes, unread } = findShapes(findLayer(resolve(rest), contract).rest);
    const notes = [...new Set(unread)].map((line) => `Not read: ${line}.`);
    if (layers > 1) notes.push(`The text makes ${layers} layers. The first is read.`);
    if (message && !known) notes.push("The message is not among those that are explained here.");
    const problems = text.trim() && !layer && !message && !Object.keys(shapes).length
      ? [{ text: "Nothing in the text was read: expected code such as nn.LSTM(5, 8), a shape such as " +
          "(2, 4, 5), or a message of torch." }] : [];
    return { layer, shapes, message, known, notes, problems, text: short };
  }

  return { read, sizes, sizesOf };
})();
