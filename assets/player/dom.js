/** The few things done to the document everywhere. Texts go in as text, never as markup. */
const dom = (() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";

  /** A new element with its classes and text. */
  function make(tag, className = "", text = "") {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text) node.textContent = text;
    return node;
  }
  /** A new SVG element with its attributes. */
  function draw(tag, attributes = {}) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }
  /** Write a text only where it differs: one set anew costs layout even when it is the same. */
  function write(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }
  /** Fill a bar to a share between 0 and 1. A scale, not a width: that moves without layout. */
  const fill = (bar, share) => bar.style.setProperty("--share", Math.max(0, Math.min(1, share)).toFixed(3));
  /** Set an attribute, or take it away for undefined; untouched where it is so already. */
  function attribute(node, name, value) {
    if (value === undefined) {
      if (node.hasAttribute(name)) node.removeAttribute(name);
    } else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
  /** The elements of static markup that carry `data-ui`, by that name. */
  const named = (root) => Object.fromEntries(Array.from(root.querySelectorAll("[data-ui]"), (node) => [node.dataset.ui, node]));
  return { make, draw, write, fill, attribute, named };
})();
