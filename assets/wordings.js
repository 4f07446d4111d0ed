/**
 * Lines in which a visitor fills in words of their own, each with a button that runs the prompt made of it.
 *
 * @param {HTMLElement} element an empty element
 * @param {(text: string, budget: number) => void} run
 */
function createWordings(element, run) {
  "use strict";

  const MOST = 80; // characters of a free field
  const WORD = { least: 3, most: 8 };

  /**
   * A field of a line: free, a choice, or with a checkpoint that knows more than those, a choice that can be typed over.
   * @param {string} name
   * @param {string | string[]} field
   * @param {boolean} beyond
   */
  function makeField(name, field, beyond) {
    const choices = typeof field === "string" ? [] : field;
    const control = document.createElement(choices.length && !beyond ? "select" : "input");
    control.setAttribute("aria-label", name);
    if (control instanceof HTMLSelectElement) control.append(...choices.map((choice) => new Option(choice)));
    else {
      control.value = typeof field === "string" ? field : field[0];
      control.maxLength = name === "word" ? WORD.most : MOST;
      control.size = Math.min(26, Math.max(4, control.value.length));
    }
    return control;
  }

  /**
   * What stands in a field, put right where there is one way to; a field that cannot be used says why.
   * @param {string} name
   * @param {HTMLInputElement | HTMLSelectElement} control
   */
  function wordsOf(name, control) {
    let words = control.value.trim().replace(/\s+/g, " ");
    let wrong = words ? "" : "Type something here.";
    if (name === "word") {
      words = words.normalize("NFD").replace(/\p{M}/gu, "");
      if (!new RegExp(`^[A-Za-z]{${WORD.least},${WORD.most}}$`).test(words)) wrong = `${WORD.least} to ${WORD.most} letters from A to Z.`;
    }
    if (name === "sentence" && words) {
      words = words[0].toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? "" : ".");
      if (words.length < 8) wrong = "A whole sentence, please.";
    }
    control.setCustomValidity(wrong);
    return words;
  }

  /**
   * One line and its button.
   * @param {Wording} wording
   * @param {boolean} beyond
   */
  function makeLine({ line, text, budget, fields }, beyond) {
    const [element, sentence] = [document.createElement("p"), document.createElement("span")];
    /** @type {Map<string, HTMLInputElement | HTMLSelectElement>} */
    const controls = new Map();
    for (const [number, piece] of line.split(/\{(\w+)\}/).entries()) {
      if (number % 2 === 0) {
        sentence.append(piece);
        continue;
      }
      const control = makeField(piece, fields[piece], beyond);
      controls.set(piece, control);
      sentence.append(control);
    }
    const button = document.createElement("button");
    [button.type, button.textContent] = ["button", "Denoise"];
    button.setAttribute("aria-label", `Denoise: ${line.replace(/[{}]/g, "")}`);
    element.append(sentence, button);

    function go() {
      const words = Object.fromEntries([...controls].map(([name, control]) => [name, wordsOf(name, control)]));
      if (![...controls.values()].every((control) => control.reportValidity())) return;
      if (words.word) words.letters = [...words.word.toUpperCase()].join(", ");
      run(text.replace(/\{(\w+)\}/g, (_, name) => words[name]), budget);
    }
    button.addEventListener("click", go);
    element.addEventListener("input", ({ target }) => /** @type {HTMLInputElement} */ (target).setCustomValidity(""));
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target === button) return;
      event.preventDefault(); // the form's own run is that of the prompt above
      go();
    });
    return element;
  }

  /**
   * Show the lines of a checkpoint.
   * @param {Wording[]} wordings
   * @param {boolean} beyond whether it knows more than these
   */
  function show(wordings, beyond) {
    element.replaceChildren(...wordings.map((wording) => makeLine(wording, beyond)));
  }
  return { show };
}
