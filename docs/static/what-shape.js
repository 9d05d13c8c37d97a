// The page what-shape.html. pasted.js reads what is pasted, fields.js reads and fills the fields, and
// call.js says what they come to. tests/docs/browser holds the answers against Python's.
"use strict";
{
  const at = (id) => document.getElementById(id);
  const contract = JSON.parse(at("contract").textContent);
  const form = at("layer");
  const fields = fieldsOf(form, contract);
  // What is shown at first: the layer of the lesson.
  const START = "batch_first=true";
  // The pictures; what pasted.js read; whether the layer is the reader's own; parts of the address that
  // no field knows; the timer after which the address is written.
  const state = { pictures: null, read: null, own: false, unknown: [], writing: 0 };

  // --- What is shown ---

  function made(name, children, attributes = {}) {
    const element = Object.assign(document.createElement(name), attributes);
    element.append(...children);
    return element;
  }

  const link = (text, href) => made("a", [text], { href });
  const ruleLink = (id) => link(id, `rules/${id}.html`);
  const line = (row) => made("tr", [
    made("th", [made("code", [row.name])], { scope: "row" }),
    made("td", [made("code", [row.symbolic])]),
    made("td", [made("code", [row.numbers])]),
    made("td", [ruleLink(row.rule.id)]),
  ]);

  function tell(paragraphs, verdict) {
    const unknown = state.unknown.map((part) => part.join("="));
    const left = unknown.length ? [`Not known, and left out: ${unknown.join(", ")}.`] : [];
    const lines = [...paragraphs, ...state.read.notes, ...left];
    at("status").replaceChildren(...lines.map((parts) => made("p", [parts].flat())));
    at("status").dataset.verdict = verdict;
  }

  function showErrors(errors) {
    for (const field of form.querySelectorAll("input:not([type=checkbox])")) {
      at(`${field.id}-error`).textContent = errors[field.name] ? `expected ${errors[field.name]}` : "";
      field.setAttribute("aria-invalid", field.name in errors);
    }
  }

  // Rules that say more of what a field takes.
  const REFUSED = { proj_size: "projection-refused", lengths: "packing-lengths-refused",
    input_size: "size-refused", hidden_size: "size-refused", num_layers: "size-refused",
    dropout: "dropout-refused" };
  const NO_DROPOUT = { text: "dropout does nothing in a single layer, and torch warns of it.",
    rule: "dropout-of-one-layer-warned" };
  const CHOSEN_BELOW = "The layer is the one that is chosen below.";
  const sentence = ({ text, rule }) => (rule ? [`${text} Rule: `, ruleLink(rule), "."] : [text]);

  function refusal([name, expected]) {
    const written = state.read.names[name];
    const added = /^[\w.]+$/.test(written) ? `, or add a line such as ${written} = 5` : "";
    return written
      ? { text: `No answer: ${name} is ${written} in your code. Type its number into the field ` +
          `${name}${added}.` }
      : { text: `No answer: ${name} is ${form.elements[name].value || "empty"}, expected ${expected}.`,
          rule: REFUSED[name] };
  }

  function showMessage({ message, known }) {
    at("message").hidden = !known;
    if (!known) return;
    at("message").querySelector("blockquote").textContent = message;
    at("means").textContent = known.means;
    at("message").querySelector("ul").replaceChildren(...known.causes.map((cause) => made("li", [cause])));
    at("mend").textContent = known.mend;
    const rules = known.rules.flatMap((id) => [ruleLink(id), ", "]);
    at("message-rules").replaceChildren("Rules: ", ...rules.slice(0, -1), ". ",
      link("All messages", `errors.html#${known.id}`), ".");
  }

  function showAnswer(choice) {
    const answer = call.describe(contract, state.pictures, choice);
    at("tensors").caption.textContent = answer.title;
    at("tensors").tBodies[0].replaceChildren(...answer.rows.map(line));
    at("sizes").textContent = answer.sizes;
    at("code").textContent = answer.code;
    at("picture").innerHTML = answer.svg;
    at("layer-parameters").caption.textContent = answer.layer;
    at("layer-parameters").tBodies[0].replaceChildren(...call.parameters(contract, choice).map(line));
    at("naming").textContent = call.naming(choice);
    at("gates").replaceChildren(...gates(choice));
    return answer.rows.filter((row) => /output|_[n1]$/.test(row.tensor))
      .map((row) => `${row.name} is ${row.numbers}`).join(", ");
  }

  function gates(choice) {
    const rows = call.gates(contract, choice);
    const of = choice.bias ? "weight_ih, weight_hh, bias_ih and bias_hh" : "weight_ih and weight_hh";
    return rows ? [`Gates, as rows of ${of}: ${rows}. Rule: `, ruleLink("gates-are-ordered")] : [];
  }

  function show() {
    const [chosen, errors] = fields.choose();
    showErrors(errors);
    showMessage(state.read);
    const wrong = Object.entries(errors);
    const { problems, message } = state.read;
    at("answer").hidden = true;
    if (message && !state.own) {
      tell(["Paste the line that makes the layer as well: then the sizes are compared."], "");
      return;
    }
    if (wrong.length || problems.length) {
      tell([...problems, ...wrong.map(refusal)].map(sentence), "wrong");
      return;
    }
    chosen.sizes = sizesOfMessage();
    const { choice, problems: found, answered } = call.judge(contract, chosen);
    at("answer").hidden = !answered;
    const results = answered ? `${showAnswer(choice)}.` : "";
    const warned = choice.dropout > 0 && choice.num_layers === 1n ? [sentence(NO_DROPOUT)] : [];
    const given = Object.entries(choice.given).filter(([, shape]) => shape);
    if (form.text.value && given.length && !state.own) warned.push(CHOSEN_BELOW);
    if (found.length) {
      const right = answered ? [`With the right shapes, ${results}`] : [];
      tell([...found.map(sentence), ...right, ...warned], "wrong");
    } else if (given.length) {
      const yours = given.map(([name, shape]) => `${name} ${call.tuple(shape)}`).join(" and ");
      const fits = `Right: your ${yours} ${given.length > 1 ? "fit" : "fits"} this layer.`;
      tell([fits, ...call.reading(choice), results, ...warned], "right");
    } else {
      const more = message ? ["Paste x.shape as well: then it is compared."] : [];
      tell([...more, results, ...warned], "");
    }
  }

  // --- The text ---

  const sizesOfMessage = () => (state.own ? pasted.sizesOf(state.read.message) : null);

  // A layer stays as it is where the text has no code. A shape goes when its line goes.
  function readText() {
    const { layer, shapes, ...rest } = pasted.read(form.text.value, contract);
    const problems = [...rest.problems, ...layer?.problems ?? []];
    state.read = { ...rest, problems, names: layer?.names ?? {} };
    if (layer) fields.fillLayer({ ...layer, problems });
    state.own ||= layer !== null;
    fields.fillShapes(shapes, sizesOfMessage());
    if (shapes.c_0 && !form.kind.value.startsWith("LSTM")) {
      state.read.notes.push(`Not compared: c_0. nn.${form.kind.value} has no cell state.`);
    }
  }

  // --- The address ---

  // It holds what is chosen: #kind=LSTM&num_layers=10&...; what no field knows stays in it.
  function write() {
    const chosen = new URLSearchParams();
    for (const field of form.elements) {
      // Without its kind the layer of an address is nobody's own.
      if (!field.name || field.disabled || (field === form.kind && !state.own)) continue;
      const check = field.type === "checkbox";
      const value = check ? `${field.checked}` : field === form.text ? state.read.text : field.value;
      // What is as it is without being told can be left out, unless the text tells otherwise.
      const optional = ["text", ...fields.SHAPES].includes(field.name);
      const plain = check ? `${field.defaultChecked}` : optional ? "" : null;
      if (form.text.value || value !== plain) chosen.set(field.name, value);
    }
    for (const [name, value] of state.unknown) chosen.append(name, value);
    history.replaceState(null, "", `#${chosen}`);
  }

  // Set a field to a part of the address; false if it does not take it.
  function set(field, value) {
    if (field?.type === "checkbox") {
      if (!["true", "false"].includes(value)) return false;
      field.checked = value === "true";
      return true;
    }
    const options = [...(field?.options ?? [])].map((option) => option.value);
    if (!["number", "text"].includes(field?.type) && !options.includes(value)) return false;
    field.value = value;
    return true;
  }

  function read(address) {
    form.reset();
    const parts = new URLSearchParams(address);
    form.text.value = parts.get("text") ?? "";
    state.own = parts.has("kind");
    readText();
    const others = [...parts].filter(([name]) => name !== "text");
    state.unknown = others.filter(([name, value]) => !set(form.elements.namedItem(name), value));
    show();
  }

  // --- The start ---

  async function copy(text, done, otherwise) {
    try {
      await navigator.clipboard.writeText(text);
      at("copied").textContent = done;
    } catch {
      at("copied").textContent = otherwise;
    }
  }

  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  }

  // Another fragment, such as that of "Skip to content", is no choice: the one that is made stays.
  const chosen = () => location.hash.includes("=");

  function edited({ target }) {
    if (target === form.text) readText();
    if (fields.LAYER.includes(target.name) || target === form.kind) {
      state.own = true;
      state.read.problems = [];
    }
    show();
    clearTimeout(state.writing);
    // Browsers refuse a page that changes its address with every key, so a text is written when it rests.
    if (target === form.text) state.writing = setTimeout(write, 300);
    else write();
  }

  function begin() {
    for (const field of form.querySelectorAll("input:not([type=checkbox])")) {
      const error = made("span", [], { id: `${field.id}-error`, className: "error" });
      field.setAttribute("aria-describedby", error.id);
      field.after(error);
    }
    form.addEventListener("input", edited);
    form.addEventListener("submit", (event) => event.preventDefault());
    at("copy-code").addEventListener("click", () =>
      copy(at("code").textContent, "The code is copied.",
        "Copying is not allowed here. Select the code above."));
    at("copy-link").addEventListener("click", () => {
      write();
      copy(location.href, "The link is copied.",
        "Copying is not allowed here. The link is in the address bar.");
    });
    window.addEventListener("hashchange", () => {
      if (chosen()) read(location.hash.slice(1));
      write();
    });
    at("what-shape").hidden = false;
    if (!chosen()) return read(START);
    read(location.hash.slice(1));
    write();
  }

  unpack(contract.pictures).catch(() => null).then((pictures) => {
    state.pictures = pictures;
    begin();
  });
}
