/**
 * Three ways to place the tokens of a block. Each opens a block of new cells once, then draws looks (views.js) into
 * cells, and arranges the block when some of them have changed.
 *
 * flow: the text as it stands now. settled: every token at the place it has in the end. grid: one fixed box a position.
 */
const layouts = (() => {
  "use strict";
  const { make, attribute } = dom;
  const { cellsWide, glyphOf, visible } = words;
  const CHIP = "░";
  const ROW_CELLS = 16; // one row of the grid, or two of a narrow one (canvas.css)

  const textOf = (look) => (look.special ? glyphOf(look.text) : look.text);
  const isGlyph = (look) => look.special && look.text !== null;

  /** A look's text in two parts: the leading spaces, and the word, which a noise chip covers. */
  function partsOf(look) {
    if (look.text === null) return [" ".repeat(look.gap), CHIP.repeat(look.wide)];
    const text = textOf(look);
    const gap = text.trim() ? text.search(/[^ ]/) : 0;
    return [text.slice(0, gap), text.slice(gap)];
  }
  /** Put a text in a word, a faint ⏎ (of the style sheet) before every line break. */
  function fillWord(word, text) {
    if (!text.includes("\n") && word.childNodes.length === 1) {
      if (word.firstChild.data !== text) word.firstChild.data = text;
      return;
    }
    const lines = text.split("\n");
    word.textContent = lines[0] || "";
    if (!word.firstChild) word.append("");
    for (const line of lines.slice(1)) word.append(make("span", "dp-return"), `\n${line}`);
  }
  /** Put both parts in a cell; its text is the token's own. */
  function fillParts(cell, [gap, text], glyph) {
    if (!cell.firstChild) {
      const word = make("span", "dp-word");
      word.append("");
      cell.append("", word);
    }
    if (cell.firstChild.data !== gap) cell.firstChild.data = gap;
    cell.lastChild.classList.toggle("dp-glyph", glyph);
    fillWord(cell.lastChild, text);
  }
  /** What a cell carries in every layout. */
  function dress(cell, look) {
    cell.className = look.classes + (isGlyph(look) ? " dp-special" : "");
    attribute(cell, "data-heat", look.heat);
    attribute(cell, "data-number", look.number);
    attribute(cell, "data-loud", look.loud ? "" : undefined);
    attribute(cell, "data-sure", look.text === null ? look.sure : undefined);
    attribute(cell, "title", isGlyph(look) ? look.text : undefined);
  }

  const breaksAfter = (look) => look.text !== null && textOf(look).endsWith("\n");

  /**
   * Put a block's cells in one element a paragraph, so that a change in one leaves the others laid out and painted. No
   * line runs over their borders: each ends with a line break (`block.breaks`: after which cells). Cells that stay where
   * they are are not touched, and none is moved more than twice.
   */
  function arrange({ cells, breaks }) {
    for (let i = 0; i < cells.length - 1; i++) {
      const [here, next] = [cells[i].parentNode, cells[i + 1].parentNode];
      if (breaks[i] || here === next) continue;
      here.append(...next.childNodes);
      next.remove();
    }
    for (let i = cells.length - 2; i >= 0; i--) {
      const here = cells[i].parentNode;
      if (!breaks[i] || here !== cells[i + 1].parentNode) continue;
      const rest = make("div", "dp-paragraph");
      while (here.lastChild !== cells[i]) rest.prepend(here.lastChild);
      here.after(rest);
    }
  }
  /** Put all cells of a block in one paragraph. */
  function join({ element, cells }) {
    const paragraph = make("div", "dp-paragraph");
    paragraph.append(...cells);
    element.replaceChildren(paragraph);
  }

  const flow = {
    open(block) {
      block.breaks = new Array(block.cells.length).fill(false);
      join(block);
    },
    fill(cell, look, block, i) {
      dress(cell, look);
      fillParts(cell, partsOf(look), isGlyph(look));
      if (block) block.breaks[i] = breaksAfter(look);
    },
    arrange,
  };

  const settled = {
    /** Give every cell its final text, and with it its place for good. */
    open(block, finals) {
      block.finals = block.cells.map((cell, i) => {
        const parts = partsOf(finals[i]);
        fillParts(cell, parts, isGlyph(finals[i]));
        return { text: parts.join(""), room: Math.max(1, cellsWide(parts[1].split("\n")[0])), chip: finals[i].text === null };
      });
      block.breaks = finals.map(breaksAfter);
      join(block);
      arrange(block);
    },
    /** Another text than the final one lies over the word's place, cut to its width. */
    fill(cell, look, block, i) {
      const [word, { text, room, chip }] = [cell.lastChild, block.finals[i]];
      dress(cell, look);
      const other = look.text !== null && (chip || textOf(look) !== text);
      if (other && !word.style.length) word.style.setProperty("--room", room);
      attribute(word, "data-now", other ? visible(textOf(look).trim() || textOf(look)) : undefined);
    },
    arrange: () => {},
  };

  const grid = {
    /** Whole rows take the part of paragraphs. */
    open(block) {
      block.breaks = block.cells.map((_, i) => (i + 1) % ROW_CELLS === 0);
      join(block);
      arrange(block);
    },
    fill(cell, look) {
      dress(cell, look);
      fillParts(cell, ["", look.text === null ? CHIP : visible(textOf(look).replace(/^ (?=\S)/, ""))], false);
    },
    arrange: () => {},
  };

  const LAYOUTS = {
    flow: { title: "Flow", about: "The text as it stands at this step.", ...flow },
    settled: { title: "Settled", about: "Every token at the place it has in the end, from the first step on.", ...settled },
    grid: { title: "Grid", about: "One fixed box a position, in order.", ...grid },
  };
  return { LAYOUTS, flow: LAYOUTS.flow };
})();
