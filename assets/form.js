/**
 * The form beside the player. It is read whole, in one instant, when a run is asked for: what was on the screen at the
 * click is what runs.
 *
 * @param {HTMLElement} root an empty div
 * @param {string} markup the form's content, from visualizer/page/form.py
 * @param {Record<string, {text: string, max_tokens: number}>} demos what a demo prompt fills in, by its id
 */
function createForm(root, markup, demos) {
  "use strict";

  const form = document.createElement("form");
  form.noValidate = true; // the server checks, in words
  form.autocomplete = "off";
  form.innerHTML = markup;
  root.replaceChildren(form);

  /** @param {string} name */
  const field = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const prompt = /** @type {HTMLTextAreaElement} */ (form.querySelector("#prompt textarea"));
  const knobs = () => /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("#knobs [name]")]);

  /**
   * What a field says; one that is not shown says nothing. What is no number is handed on as it is, for the server to
   * refuse.
   * @param {HTMLInputElement} knob
   */
  function valueOf(knob) {
    if (knob.disabled) return null;
    if (knob.type === "checkbox") return knob.checked;
    if (knob.type === "textarea") return knob.value;
    if (knob.validity.badInput) return "what is typed there";
    if (knob.value === "") return null;
    return knob.type === "number" ? Number(knob.value) : knob.value;
  }
  const draft = createDraft(form);
  /** @returns {Form} all of it as it stands now */
  const read = () => ({ prompt: prompt.value, knobs: Object.fromEntries(knobs().map((knob) => [knob.name, valueOf(knob)])), draft: draft.read() });

  /** The other half of the page may be mounted after this one; what is clicked until then waits, in order. */
  const library = (async () => {
    while (!window.denoiseLibrary) await new Promise((later) => setTimeout(later, 10));
    return window.denoiseLibrary;
  })();
  /** Ask for a run of what the form says now. */
  function denoise() {
    const asked = read();
    library.then(({ denoise }) => denoise(asked));
  }

  /**
   * Fill in a prompt and run it, from noise.
   * @param {string} text
   * @param {number} budget in tokens
   */
  function denoiseThis(text, budget) {
    draft.begin("");
    prompt.value = text;
    field("max_tokens").value = String(budget);
    denoise();
  }
  /** @param {string} id of a demo prompt */
  const denoiseDemo = (id) => denoiseThis(demos[id].text, demos[id].max_tokens);
  const ownWords = createWordings(/** @type {HTMLElement} */ (form.querySelector("#own-words > div")), denoiseThis);

  /**
   * Take over what a checkpoint has by itself; what is typed as prompt, system prompt and seed stays.
   * @param {Limits} limits
   */
  function follow({ defaults, ranges, unknown, wordings, beyond, templates }) {
    ownWords.show(wordings, beyond);
    draft.show(templates);
    prompt.placeholder = beyond ? "Ask for something with a shape…"
      : "A prompt like those below, in your words…";
    for (const knob of knobs()) {
      knob.disabled = unknown.includes(knob.name);
      /** @type {HTMLElement} */ (knob.closest("label")).hidden = knob.disabled;
    }
    for (const [name, value] of Object.entries(defaults)) {
      if (typeof value === "boolean") field(name).checked = value;
      else field(name).value = String(value);
    }
    for (const [name, range] of Object.entries(ranges)) {
      field(name).title = `From ${range}`;
      field(name).placeholder = name === "seed" ? "random" : String(defaults[name]);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    denoise();
  });
  form.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button?.dataset.demo) denoiseDemo(button.dataset.demo);
    const recording = button?.dataset.recording;
    if (recording) library.then(({ open }) => open(recording));
    if (button?.id === "stop") library.then(({ stop }) => stop());
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.shiftKey || event.ctrlKey || event.metaKey)) return;
    if (!(event.target instanceof Element) || !event.target.matches("#prompt textarea, .written textarea")) return;
    event.preventDefault();
    denoise();
  });
  return { read, follow, denoiseDemo };
}
