/** The few things done to the document everywhere. Texts go in as text, never as markup. */
const dom = (() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";

  /**
   * A new element with its classes and text.
   * @template {keyof HTMLElementTagNameMap} Tag
   * @param {Tag} tag
   */
  function make(tag, className = "", text = "") {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text) node.textContent = text;
    return node;
  }
  /**
   * A new SVG element with its attributes.
   * @template {keyof SVGElementTagNameMap} Tag
   * @param {Tag} tag
   * @param {Record<string, string | number>} attributes
   */
  function draw(tag, attributes = {}) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
    return node;
  }
  /**
   * Write a text only where it differs: one set anew costs layout even when it is the same.
   * @param {Node} node
   * @param {string} text
   */
  function write(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }
  /**
   * Fill a bar to a share between 0 and 1. A scale, not a width: that moves without layout.
   * @param {HTMLElement} bar
   * @param {number} share
   */
  const fill = (bar, share) => bar.style.setProperty("--share", Math.max(0, Math.min(1, share)).toFixed(3));
  /**
   * Set an attribute, or take it away for undefined; untouched where it is so already.
   * @param {Element} node
   * @param {string} name
   * @param {string | number | boolean | undefined} value
   */
  function attribute(node, name, value) {
    if (value === undefined) {
      if (node.hasAttribute(name)) node.removeAttribute(name);
    } else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
  }
  /**
   * The elements of static markup that carry `data-ui`, by that name.
   * @param {ParentNode} root
   * @returns {Record<string, HTMLElement>}
   */
  function named(root) {
    /** @type {NodeListOf<HTMLElement>} */
    const nodes = root.querySelectorAll("[data-ui]");
    return Object.fromEntries(Array.from(nodes, (node) => [node.dataset.ui, node]));
  }
  /**
   * The one element of static markup that a selector finds.
   * @template {Element} Kind
   * @param {ParentNode} root
   * @param {string} selector
   * @param {new () => Kind} kind
   */
  function find(root, selector, kind) {
    const node = root.querySelector(selector);
    if (node instanceof kind) return node;
    throw new Error(`The markup has no ${selector}.`);
  }
  return { make, draw, write, fill, attribute, named, find };
})();
