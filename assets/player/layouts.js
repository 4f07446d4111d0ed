/**
 * Three ways to place the tokens of a block. Each makes the block's cells once and then draws looks (views.js) into them.
 *
 * flow: the text as it stands now. settled: every token at the place it has in the end. grid: one fixed box a position.
 */
const layouts = (() => {
  "use strict";
  const { make, attribute } = dom;
  const { cellsWide, glyphOf, visible } = words;
  const CHIP = "░";

  const textOf = (look) => (look.special ? glyphOf(look.text) : look.text);

  /** What a cell carries in every layout. */
  function dress(cell, look, extra = "") {
    cell.className = look.classes + (look.special && look.text !== null ? " dp-special" : "") + extra;
    attribute(cell, "data-heat", look.heat);
    attribute(cell, "data-number", look.number);
    attribute(cell, "data-loud", look.loud ? "" : undefined);
    attribute(cell, "data-sure", look.text === null ? look.sure : undefined);
    attribute(cell, "title", look.special && look.text !== null ? look.text : undefined);
  }
  /** Put a token's exact text in an element, a faint ⏎ (of the style sheet) before every line break. */
  function fillText(element, text) {
    if (!text.includes("\n")) {
      if (element.firstChild?.nodeType === Node.TEXT_NODE && !element.firstChild.nextSibling) element.firstChild.data = text;
      else element.textContent = text;
      return;
    }
    const lines = text.split("\n");
    element.textContent = lines[0];
    for (const line of lines.slice(1)) element.append(make("span", "dp-return"), `\n${line}`);
  }

  const flow = {
    /** The chip is the style sheet's text, so that it breaks lines as its candidate would, and nobody reads it as text. */
    fill(cell, look) {
      dress(cell, look);
      attribute(cell, "data-chip", look.text === null ? CHIP.repeat(look.wide) : undefined);
      fillText(cell, look.text === null ? " ".repeat(look.gap) : textOf(look));
    },
    open: (block) => block.cells,
  };

  const settled = {
    /** Give every cell its final text, in two parts: the leading spaces, and the word that a chip may cover. */
    open(block, finals) {
      block.words = block.cells.map((cell, i) => {
        const look = finals[i];
        const text = look.text === null ? " ".repeat(look.gap) + CHIP.repeat(look.wide) : textOf(look);
        const gap = text.trim() ? text.search(/[^ ]/) : 0;
        const word = make("span", `dp-word${look.special && look.text !== null ? " dp-special" : ""}`);
        fillText(word, text.slice(gap));
        word.style.setProperty("--room", Math.max(1, cellsWide(text.slice(gap).split("\n")[0])));
        cell.replaceChildren(text.slice(0, gap), word);
        return { word, text, chip: look.text === null };
      });
    },
    /** Another text than the final one lies over the word's place, cut to its width. */
    fill(cell, look, block, i) {
      const { word, text, chip } = block.words[i];
      dress(cell, { ...look, special: false }, look.special && look.text !== null ? " dp-dim" : "");
      const over = look.text === null || (!chip && textOf(look) === text) ? undefined : visible(textOf(look).trim() || textOf(look));
      attribute(word, "data-now", over);
    },
  };

  const grid = {
    open: (block) => block.cells,
    fill(cell, look) {
      dress(cell, look);
      attribute(cell, "data-chip", look.text === null ? CHIP.repeat(Math.min(4, look.wide)) : undefined);
      if (look.text === null) cell.textContent = "";
      else fillText(cell, visible(textOf(look).replace(/^ (?=\S)/, "")));
    },
  };

  const LAYOUTS = {
    flow: { title: "Flow", about: "The text as it stands at this step.", ...flow },
    settled: { title: "Settled", about: "Every token at the place it has in the end, from the first step on.", ...settled },
    grid: { title: "Grid", about: "One fixed box a position, in order.", ...grid },
  };
  return { LAYOUTS, flow: LAYOUTS.flow };
})();
