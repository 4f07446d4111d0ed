/**
 * Three ways to place the tokens of a block. Each opens a block of new cells once, then draws looks (views.js) into
 * cells, and arranges the block when some of them have changed.
 *
 * flow: the text as it stands now. settled: every token at the place it has in the end. grid: one fixed box a position.
 */
const layouts = (() => {
  "use strict";
  const { make, write, attribute } = dom;
  const { visible } = words;
  const ROW_CELLS = 16; // one row of the grid, or two of a narrow one (canvas.css)

  const UNSEEN = ["dp-none", "dp-gap", "dp-blank", "dp-unwritten"];
  /** What was folded in the place of a token. @type {TextLook} */
  const BLANK = { classes: "dp-cell dp-blank", text: "", folded: true, nothing: true };

  /** @param {TextLook} look */
  const textOf = (look) => look.sign ?? look.text;
  /** @param {Look} look */
  const isSign = (look) => look.text !== null && look.sign !== undefined;

  /** @param {Look} look */
  const isFolded = (look) => look.text !== null && look.folded === true;
  /** @param {Look} look */
  const isNothing = (look) => look.text !== null && look.nothing === true;

  /**
   * A look's text in two parts: the leading spaces, and the word, which a noise chip covers.
   * @param {Look} look
   * @returns {[string, string]}
   */
  function partsOf(look) {
    if (look.text === null) return [" ".repeat(look.gap), SHARED.noiseSign.repeat(look.wide)];
    const text = textOf(look);
    const gap = text.trim() ? text.search(/ ?\p{M}|[^ ]/u) : 0; // a space that carries a mark is a letter
    return [text.slice(0, gap), text.slice(gap)];
  }
  /**
   * Put a text in a word, a faint return sign (of the style sheet) before every line break.
   * @param {HTMLElement} word
   * @param {string} text
   */
  function fillWord(word, text) {
    if (!text.includes("\n") && word.childNodes.length === 1 && word.firstChild) return write(word.firstChild, text);
    const lines = text.split("\n");
    word.textContent = lines[0];
    if (!word.firstChild) word.append("");
    for (const line of lines.slice(1)) word.append(make("span", "dp-return"), `\n${line}`);
  }
  /**
   * The two parts of a cell, which it gets when it is filled first.
   * @param {HTMLElement} cell
   * @returns {{gap: Text, word: HTMLElement}}
   */
  function partsIn(cell) {
    const { firstChild: gap, lastChild: word } = cell;
    if (gap instanceof Text && word instanceof HTMLElement) return { gap, word };
    const made = { gap: new Text(), word: make("span", "dp-word") };
    made.word.append("");
    cell.append(made.gap, made.word);
    return made;
  }
  /**
   * Put both parts in a cell; its text is the token's own.
   * @param {HTMLElement} cell
   * @param {[string, string]} parts
   * @param {boolean} sign
   */
  function fillParts(cell, parts, sign) {
    const { gap, word } = partsIn(cell);
    write(gap, parts[0]);
    word.classList.toggle("dp-glyph", sign);
    fillWord(word, parts[1]);
  }
  /**
   * What a cell carries in every layout.
   * @param {HTMLElement} cell
   * @param {Look} look
   */
  function dress(cell, look) {
    cell.className = look.classes + (isSign(look) ? " dp-special" : "");
    attribute(cell, "data-heat", look.heat);
    attribute(cell, "data-number", look.number);
    attribute(cell, "data-loud", look.loud ? "" : undefined);
    attribute(cell, "data-sure", look.text === null ? look.sure : undefined);
    attribute(cell, "title", look.text !== null && look.sign !== undefined ? look.text : undefined);
  }

  /** @param {Look} look */
  const breaksAfter = (look) => look.text !== null && textOf(look).endsWith("\n");

  /**
   * Put a block's cells in one element a paragraph, so that a change in one leaves the others laid out and painted. No
   * line runs over their borders: each ends with a line break (`block.breaks`: after which cells). Cells that stay where
   * they are are not touched, and none is moved more than twice.
   * @param {Block} block
   */
  function arrange({ cells, breaks }) {
    for (let i = 0; i < cells.length - 1; i++) {
      const [here, next] = [cells[i].parentElement, cells[i + 1].parentElement];
      if (breaks[i] || !here || !next || here === next) continue;
      here.append(...next.childNodes);
      next.remove();
    }
    for (let i = cells.length - 2; i >= 0; i--) {
      const here = cells[i].parentElement;
      if (!breaks[i] || !here || here !== cells[i + 1].parentElement) continue;
      const rest = make("div", "dp-paragraph");
      while (here.lastChild && here.lastChild !== cells[i]) rest.prepend(here.lastChild);
      here.after(rest);
    }
  }
  /**
   * Put all cells of a block in one paragraph.
   * @param {Block} block
   */
  function join({ element, cells }) {
    const paragraph = make("div", "dp-paragraph");
    paragraph.append(...cells);
    element.replaceChildren(paragraph);
  }

  /**
   * Draw a look with its text as it is.
   * @param {HTMLElement} cell
   * @param {Look} look
   */
  function draw(cell, look) {
    dress(cell, look);
    fillParts(cell, partsOf(look), isSign(look));
  }
  /**
   * Whether a cell can be seen and pointed at.
   * @param {HTMLElement} cell
   */
  const isSeen = ({ classList }) => !UNSEEN.some((name) => classList.contains(name));

  /** @type {Layout} */
  const flow = {
    title: "Flow", about: "The text as it stands at this step.", folds: true,
    open(block) {
      block.breaks = new Array(block.cells.length).fill(false);
      join(block);
    },
    fill(cell, look, block, i) {
      draw(cell, look);
      block.breaks[i] = breaksAfter(look);
    },
    arrange,
  };

  /**
   * A final look's text and room. cells: how wide its text is.
   * @param {Look} look
   * @param {number} cells
   * @returns {Final}
   */
  function finalOf(look, cells) {
    const [gap, word] = partsOf(look);
    const isDrawn = look.text === null || isSign(look) || isFolded(look); // so that it is as wide as it is long
    const room = Math.max(1, isDrawn ? word.length : cells - gap.length);
    return { text: gap + word, room, isChip: look.text === null, look: isNothing(look) ? look : null };
  }
  /** @type {Layout} */
  const settled = {
    title: "Settled", about: "Every token at the place it has in the end, from the first step on.", folds: true,
    /** Give every cell its final text, and with it its place for good. */
    open(block, looks, cells) {
      block.finals = looks.map((look, i) => finalOf(look, cells[i]));
      block.cells.forEach((cell, i) => fillParts(cell, partsOf(looks[i]), isSign(looks[i])));
      block.breaks = looks.map(breaksAfter);
      join(block);
      arrange(block);
    },
    /** Another text than the final one lies over the word's place, cut to its width. */
    fill(cell, look, block, i) {
      const { word } = partsIn(cell);
      const { text, room, isChip, look: final } = block.finals[i];
      if (final) return dress(cell, final);
      dress(cell, isNothing(look) ? BLANK : look);
      const other = look.text !== null && !look.nothing && (isChip || textOf(look) !== text) ? textOf(look) : undefined;
      if (other !== undefined && !word.style.length) word.style.setProperty("--room", String(room));
      attribute(word, "data-now", other === undefined ? undefined : visible(other.trim() || other));
    },
    arrange: () => {},
  };

  /** @type {Layout} */
  const grid = {
    title: "Grid", about: "One fixed box a position, in order.", folds: false,
    /** Whole rows take the part of paragraphs. */
    open(block) {
      block.breaks = block.cells.map((_, i) => (i + 1) % ROW_CELLS === 0);
      join(block);
      arrange(block);
    },
    fill(cell, look) {
      dress(cell, look);
      fillParts(cell, ["", look.text === null ? SHARED.noiseSign : visible(textOf(look).replace(/^ (?=\S)/, ""))], false);
    },
    arrange: () => {},
  };

  /** @type {Record<LayoutName, Layout>} */
  const LAYOUTS = { flow, settled, grid };
  return { LAYOUTS, draw, isSeen };
})();
