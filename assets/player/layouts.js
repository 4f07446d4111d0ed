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

  const flow = {
    open: () => {},
    fill(cell, look) {
      dress(cell, look);
      fillParts(cell, partsOf(look), isGlyph(look));
    },
  };

  const settled = {
    /** Give every cell its final text, and with it its place for good. */
    open(block, finals) {
      block.finals = block.cells.map((cell, i) => {
        const parts = partsOf(finals[i]);
        fillParts(cell, parts, isGlyph(finals[i]));
        return { text: parts.join(""), room: Math.max(1, cellsWide(parts[1].split("\n")[0])), chip: finals[i].text === null };
      });
    },
    /** Another text than the final one lies over the word's place, cut to its width. */
    fill(cell, look, block, i) {
      const [word, { text, room, chip }] = [cell.lastChild, block.finals[i]];
      dress(cell, look);
      const other = look.text !== null && (chip || textOf(look) !== text);
      if (other && !word.style.length) word.style.setProperty("--room", room);
      attribute(word, "data-now", other ? visible(textOf(look).trim() || textOf(look)) : undefined);
    },
  };

  const grid = {
    open: () => {},
    fill(cell, look) {
      dress(cell, look);
      fillParts(cell, ["", look.text === null ? CHIP : visible(textOf(look).replace(/^ (?=\S)/, ""))], false);
    },
  };

  const LAYOUTS = {
    flow: { title: "Flow", about: "The text as it stands at this step.", ...flow },
    settled: { title: "Settled", about: "Every token at the place it has in the end, from the first step on.", ...settled },
    grid: { title: "Grid", about: "One fixed box a position, in order.", ...grid },
  };
  return { LAYOUTS, flow: LAYOUTS.flow };
})();
