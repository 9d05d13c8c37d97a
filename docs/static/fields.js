// The fields of the form: what is chosen in them, what is wrong there, and what a text fills in.
"use strict";

const fieldsOf = (form, contract) => {
  const LAYER = ["input_size", "hidden_size", "num_layers", "nonlinearity", "bias", "batch_first",
    "dropout", "bidirectional", "proj_size"];
  const SHAPES = ["input", "h_0", "c_0"];

  const takes = (kind, name) => name in contract.arguments[kind];

  // The fields that say something of this kind of layer, layout and input.
  function applies(name, { kind, cell, layout, input }) {
    if (name === "N") return !input && layout === "batched";
    if (name === "L") return !input && !cell && layout !== "packed";
    if (name === "lengths") return layout === "packed";
    if (name === "c_0") return kind.startsWith("LSTM");
    return !LAYER.slice(2).includes(name) || takes(kind, name);
  }

  const whole = (text) => (/^\d+$/.test(text) ? BigInt(text) : -1n);

  // The value of a field, and what is expected where it has none.
  function valueOf(field) {
    const { name, value } = field;
    if (field.type === "checkbox") return [field.checked];
    if (name === "nonlinearity") return [value];
    if (name === "dropout") {
      const right = value !== "" && value >= 0 && value <= 1;
      return [Number(value), right ? "" : "a number from 0 to 1"];
    }
    if (SHAPES.includes(name)) {
      const sizes = value.trim() ? pasted.sizes(value) : undefined;
      return [sizes ?? undefined, sizes === null ? "a shape such as 2, 4, 5" : ""];
    }
    if (name === "lengths") {
      const lengths = pasted.sizes(value) ?? [];
      const right = lengths.length && lengths.every((length) => length > 0n);
      return [lengths, right ? "" : "a whole number of at least 1 for each sequence, such as 4, 2"];
    }
    const number = whole(value);
    return [number, number < BigInt(field.min) ? `a whole number of at least ${field.min}` : ""];
  }

  function shown(field, choice) {
    const shows = applies(field.name, choice);
    field.disabled = !shows;
    field.parentElement.hidden = !shows;
    return shows;
  }

  // The choice, and by field what is wrong with it. Sizes are BigInt, as exact as Python's.
  function choose() {
    const kind = form.kind.value;
    const cell = kind.endsWith("Cell");
    const packed = [...form.layout.options].find((option) => option.value === "packed");
    packed.disabled = cell;
    if (cell && packed.selected) form.layout.value = "batched";
    const choice = { kind, cell, layout: form.layout.value, input: form.input.value.trim() !== "" };
    const values = { N: 0n, L: 1n, lengths: [], num_layers: 1n, proj_size: 0n };
    const errors = {};
    for (const field of form.querySelectorAll("input, #nonlinearity")) {
      if (!shown(field, choice)) continue;
      const [value, expected] = valueOf(field);
      values[field.name] = value;
      if (expected) errors[field.name] = expected;
    }
    const { hidden_size, proj_size, input, h_0, c_0 } = values;
    if (kind === "LSTM" && (proj_size < 0n || (proj_size > 0n && proj_size >= hidden_size))) {
      errors.proj_size = "a whole number from 0 to hidden_size - 1";
    }
    return [{ ...values, ...choice, given: { input, h_0, c_0 } }, errors];
  }

  // --- What a text fills in ---

  // The fields of the layer that the code makes: what it leaves out has torch's default.
  function fillLayer({ kind, values, names, problems }) {
    form.kind.value = kind;
    for (const name of LAYER) {
      const field = form.elements.namedItem(name);
      const value = values[name] ?? `${contract.arguments[kind][name] ?? ""}`;
      const problem = (expected, rule) => problems.push({
        text: `${name} is ${values[name] ?? names[name]} in your code; expected ${expected}.`, rule });
      if (field.type === "checkbox") {
        field.checked = /^true$/i.test(value);
        const flag = !(name in values) || /^(?:True|False)$/.test(value);
        if (name in names || !flag) problem("True or False", "flag-refused");
      } else if (field.type === "number") {
        field.value = name in names ? "" : value || field.defaultValue;
        if (name in values && field.value !== value) names[name] = value;
      } else {
        field.value = value || "tanh";
        const known = field.value === (value || "tanh");
        if (name in names || !known) problem("'tanh' or 'relu'", "nonlinearity-refused");
      }
    }
  }

  function layoutOf(input, lengths) {
    if (lengths) return "packed";
    const rank = pasted.sizes(input ?? "")?.length;
    const single = form.kind.value.endsWith("Cell") ? 1 : 2;
    return rank === single ? "unbatched" : "batched";
  }

  // The shapes of a text, by tensor; and the sizes in a message, which speak where the text does not.
  function fillShapes(shapes, sizes) {
    if (sizes?.tensor) shapes[sizes.tensor] ??= sizes.got.join(", ");
    for (const name of SHAPES) form.elements.namedItem(name).value = shapes[name] ?? "";
    if (shapes.lengths) form.lengths.value = shapes.lengths;
    form.layout.value = layoutOf(shapes.input, shapes.lengths);
    // Where no input is given, the N of the state is the one that is known.
    const known = sizes?.expected ?? pasted.sizes(shapes.h_0 ?? "");
    const rank = form.kind.value.endsWith("Cell") ? 2 : 3;
    form.N.value = !shapes.input && known?.length === rank ? known.at(-2) : form.N.defaultValue;
  }

  return { LAYER, SHAPES, choose, fillLayer, fillShapes };
};
