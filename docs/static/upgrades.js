// Two menus on upgrades.html: the page has what changed between any two releases, and one pair is shown.
// Without JavaScript all of them are.
"use strict";
{
  const parts = [...document.querySelectorAll("div.change")];
  const nameOf = (part) => part.querySelector("a[id]").id;
  // The newest pair is first.
  const pairs = parts.map((part) => nameOf(part).split("-"));
  const unique = (names) => [...new Set(names)];

  const form = document.createElement("form");
  form.className = "releases";
  form.autocomplete = "off";
  const menu = (label) => {
    const text = document.createElement("label");
    const select = document.createElement("select");
    text.append(label, " ", select);
    form.append(text, " ");
    return select;
  };
  const from = menu("from torch");
  const to = menu("to torch");
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  form.append(status);
  form.addEventListener("submit", (event) => event.preventDefault());

  const fill = (select, names) =>
    select.replaceChildren(...names.map((name) => new Option(name, name)));

  function show([old, next]) {
    from.value = old;
    fill(to, unique(pairs.filter((pair) => pair[0] === old).map((pair) => pair[1])));
    to.value = next;
    for (const part of parts) part.hidden = nameOf(part) !== `${old}-${next}`;
    status.textContent = `Shown: torch ${old} to ${next}.`;
  }

  function choose() {
    const newer = pairs.filter((pair) => pair[0] === from.value);
    const pair = newer.find((it) => it[1] === to.value) ?? newer[0];
    show(pair);
    history.replaceState(null, "", `#${pair.join("-")}`);
  }

  // Another fragment, such as that of a heading, is no choice.
  const asked = () => pairs.find((pair) => `#${pair.join("-")}` === location.hash);

  fill(from, unique(pairs.map((pair) => pair[0])));
  show(asked() ?? pairs[0]);
  parts[0].before(form);
  form.addEventListener("change", choose);
  window.addEventListener("hashchange", () => { if (asked()) show(asked()); });
}
