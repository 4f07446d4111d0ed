/** What two runs have apart: settings by name, and the words of their answers. */
const compare = (() => {
  "use strict";
  const { PART, isDenoised, placeOf, tokenAt } = decode;
  const MAX_TABLE = 4_000_000;

  /**
   * The settings that differ, and checkpoint and prompt where they do: one list a run.
   * @param {Run[]} runs
   * @returns {{name: string, value: string}[][]}
   */
  function differing(runs) {
    /** @type {[string, (run: Run) => string | number | boolean | undefined][]} */
    const readers = [["checkpoint", (run) => run.checkpoint], ["prompt", (run) => run.prompt]];
    for (const [key, name] of Object.entries(SHARED.settings)) readers.push([name, (run) => run.settings[key]]);
    const apart = readers.filter(([, read]) => new Set(runs.map(read)).size > 1);
    return runs.map((run) => apart.map(([name, read]) => ({ name, value: worded(read(run)) })));
  }
  /**
   * The places that end with other tokens, where one of two runs was made by writing on a canvas; of any other two, whose
   * positions have nothing in common, none.
   * @param {Run[]} runs
   * @returns {Set<number>}
   */
  function moved([left, right]) {
    /** @type {Set<number>} */
    const places = new Set();
    if (!(left.origin || right.origin) || !isDenoised(left) || !isDenoised(right)) return places;
    right.blockEnds.forEach((step, b) => {
      const other = left.blockEnds[b];
      if (other?.length !== step.length) return;
      for (let i = 0; i < step.length; i++) {
        const ended = step.parts[i] === PART.TAIL && other.parts[i] === PART.TAIL;
        if (!ended && tokenAt(step, i) !== tokenAt(other, i)) places.add(placeOf(step, i));
      }
    });
    return places;
  }
  /** @param {string | number | boolean | undefined} value */
  const worded = (value) => (value === true ? "on" : String(value ?? "–"));
  /**
   * Words with the whitespace after them.
   * @param {string} text
   * @returns {string[]}
   */
  const wordsOf = (text) => text.match(/\S+\s*|\s+/g) ?? [];
  /**
   * Whether two words are the same but for the whitespace after them.
   * @param {string} a
   * @param {string} b
   */
  const same = (a, b) => a.trimEnd() === b.trimEnd();

  /**
   * Lengths of the longest common subsequences of all tails, row by row.
   * @param {string[]} a
   * @param {string[]} b
   */
  function commonLengths(a, b) {
    const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        table[i][j] = same(a[i], b[j]) ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
      }
    }
    return table;
  }
  /**
   * The parts of two texts, in order. Very long differing middles count as one difference.
   * @param {string} left
   * @param {string} right
   */
  function differences(left, right) {
    const [a, b] = [wordsOf(left), wordsOf(right)];
    let [head, tail] = [0, 0];
    while (head < a.length && head < b.length && same(a[head], b[head])) head += 1;
    while (tail < a.length - head && tail < b.length - head && same(a[a.length - 1 - tail], b[b.length - 1 - tail])) tail += 1;
    const [aMiddle, bMiddle] = [a, b].map((all) => all.slice(head, all.length - tail));
    const kept = [new Set(), new Set()];
    if (aMiddle.length * bMiddle.length <= MAX_TABLE) {
      const table = commonLengths(aMiddle, bMiddle);
      for (let i = 0, j = 0; i < aMiddle.length && j < bMiddle.length;) {
        if (same(aMiddle[i], bMiddle[j])) [kept[0].add(i++), kept[1].add(j++)];
        else if (table[i + 1][j] >= table[i][j + 1]) i += 1;
        else j += 1;
      }
    }
    return [a, b].map((all, side) => joined(all.map((text, k) => {
      const inside = k >= head && k < all.length - tail;
      return { text, differs: inside && !kept[side].has(k - head) };
    })));
  }
  /**
   * Neighbours of one kind as one part.
   * @param {Piece[]} parts
   */
  function joined(parts) {
    /** @type {Piece[]} */
    const out = [];
    for (const { text, differs } of parts) {
      const last = out.at(-1);
      if (last?.differs === differs) last.text += text;
      else out.push({ text, differs });
    }
    return out;
  }
  return { differing, differences, moved };
})();
