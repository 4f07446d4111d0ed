/**
 * The part of the form that writes on the canvas: a text with blanks, or one to be revised, under the prompt that stays.
 * What is typed in a part that is put away stays there, and says nothing.
 *
 * @param {HTMLFormElement} form
 */
function createDraft(form) {
  "use strict";

  /** @param {string} name */
  const field = (name) => /** @type {HTMLTextAreaElement} */ (form.elements.namedItem(name));
  /** @param {string} selector */
  const part = (selector) => /** @type {HTMLElement} */ (form.querySelector(selector));
  const ways = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("#ways input")]);
  const strength = () => Number(field("strength").value);

  /** @returns {Way} what the canvas begins with */
  const way = () => /** @type {Way} */ (ways.find((one) => one.checked)?.value ?? "");
  /** Show the part that is chosen, and how strong the revision is. */
  function draw() {
    for (const name of ["template", "revise"]) part(`#${name}`).hidden = way() !== name;
    part("output").textContent = `${Math.round(100 * strength())} %`;
  }
  /** @param {Way} name */
  function begin(name) {
    for (const one of ways) one.checked = one.value === name;
    draw();
  }
  /** @returns {FormDraft | undefined} what stands on the canvas before; nothing for noise */
  function read() {
    if (way() === "template") return { template: field("template").value };
    return way() === "revise" ? { revise: field("revise").value, strength: strength() } : undefined;
  }
  /**
   * Offer the examples of a checkpoint; a click fills one in, with its prompt.
   * @param {Template[]} templates
   */
  function show(templates) {
    const examples = templates.map(({ title, prompt, template }) => {
      const button = document.createElement("button");
      [button.type, button.textContent] = ["button", title];
      button.addEventListener("click", () => {
        [field("prompt").value, field("template").value] = [prompt, template];
        field("template").focus();
      });
      return button;
    });
    part("#template p").replaceChildren("Examples: ", ...examples);
  }
  form.addEventListener("input", draw);
  return { read, show, begin };
}
