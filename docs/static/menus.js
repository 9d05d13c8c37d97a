"use strict";
// Furo opens its menus by a click on a label, which the keyboard does not reach. A button takes its place.
document.querySelectorAll("label:is(.nav-overlay-icon, .toc-overlay-icon)").forEach((label) => {
  const { control } = label;
  const button = document.createElement("button");
  button.className = label.className;
  button.ariaLabel = control.ariaLabel;
  button.append(...label.childNodes);
  button.addEventListener("click", () => control.click());
  label.replaceWith(button);
});
