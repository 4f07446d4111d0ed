/** What two runs have apart: settings by name, and the words of their answers. */
const compare = (() => {
  "use strict";
  const MAX_TABLE = 4_000_000;
  const SETTINGS = {
    sampler: "sampler", canvas_length: "canvas length", max_steps: "steps at most", max_tokens: "token budget", temperature: "temperature",
    entropy_bound: "entropy bound", accept_probability: "accept probability", t_min: "lowest schedule temperature",
    t_max: "highest schedule temperature", stability_steps: "stable steps", stop_entropy: "stop threshold", seed: "seed",
  };

  /** The settings that differ, and checkpoint and prompt where they do: one [name, value] list a run. */
  function differing(left, right) {
    const rows = [["checkpoint", left.checkpoint, right.checkpoint], ["prompt", left.prompt, right.prompt],
      ...Object.entries(SETTINGS).map(([key, name]) => [name, left.settings[key], right.settings[key]])];
    const apart = rows.filter(([, a, b]) => a !== b);
    return [1, 2].map((side) => apart.map((row) => [row[0], row[side] ?? "–"]));
  }
  /** Words with the whitespace after them. */
  const wordsOf = (text) => text.match(/\S+\s*|\s+/g) ?? [];

  /** Lengths of the longest common subsequences of all tails, row by row. */
  function commonLengths(a, b) {
    const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        table[i][j] = a[i].trimEnd() === b[j].trimEnd() ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
      }
    }
    return table;
  }
  /** The parts of two texts, in order: `{text, differs}`. Very long differing middles count as one difference. */
  function differences(left, right) {
    const [a, b] = [wordsOf(left), wordsOf(right)];
    const same = (x, y) => x.trimEnd() === y.trimEnd();
    let [head, tail] = [0, 0];
    while (head < a.length && head < b.length && same(a[head], b[head])) head += 1;
    while (tail < a.length - head && tail < b.length - head && same(a.at(-1 - tail), b.at(-1 - tail))) tail += 1;
    const middles = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
    const kept = [new Set(), new Set()];
    if (middles[0].length * middles[1].length <= MAX_TABLE) {
      const table = commonLengths(...middles);
      for (let i = 0, j = 0; i < middles[0].length && j < middles[1].length;) {
        if (same(middles[0][i], middles[1][j])) [kept[0].add(i++), kept[1].add(j++)];
        else if (table[i + 1][j] >= table[i][j + 1]) i += 1;
        else j += 1;
      }
    }
    return [a, b].map((all, side) => joined(all.map((text, k) => {
      const inside = k >= head && k < all.length - tail;
      return { text, differs: inside && !kept[side].has(k - head) };
    })));
  }
  /** Neighbours of one kind as one part. */
  function joined(parts) {
    const out = [];
    for (const { text, differs } of parts) {
      if (out.at(-1)?.differs === differs) out.at(-1).text += text;
      else out.push({ text, differs });
    }
    return out;
  }
  return { differing, differences };
})();
