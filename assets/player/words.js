/** Numbers and token texts in words. Every figure says how exact it is: levels have 64 steps. */
const words = (() => {
  "use strict";
  const TOP_LEVEL = 63;
  const TAB_CELLS = 4;
  const SIGNS = { " ": "␣", "\n": "⏎", "\t": "⇥" };

  /** Milliseconds as seconds. */
  const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
  /** A step's duration, with a digit more where it is short. */
  const secondsPerStep = (ms) => `${(ms / 1000).toFixed(ms < 100 ? 3 : 2)} s`;

  /** Whitespace and control characters made visible. */
  function visible(text) {
    const hex = (sign) => sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return text.replace(/[ \p{Cc}\p{Cf}]/gu, (sign) => SIGNS[sign] ?? `⟨U+${hex(sign)}⟩`);
  }
  /** A token's text in quotes, whitespace visible. */
  const quoted = (text) => `“${visible(text)}”`;

  /** A probability level (0 to 63) in words. */
  function aboutPercent(level) {
    if (level === 0) return "under 1 %";
    return level === TOP_LEVEL ? "over 99 %" : `about ${Math.round((level / TOP_LEVEL) * 100)} %`;
  }
  /** An entropy level (0 to 63, finest near zero) in nats. */
  const natsOf = (level, maxEntropy) => (level / TOP_LEVEL) ** 2 * maxEntropy;
  /** An entropy level in words. */
  function aboutNats(level, maxEntropy) {
    if (level === 0) return "under 0.001 nats";
    return `about ${Number(natsOf(level, maxEntropy).toPrecision(level < 4 ? 1 : 2))} nats`;
  }
  /** A mean entropy, which is sent with four digits. */
  function nats(value) {
    if (value >= 1) return value.toFixed(value >= 10 ? 1 : 2);
    return value >= 0.0001 ? String(Number(value.toPrecision(2))) : "< 0.0001";
  }
  /** A count with its noun: "1 step", "3 steps". */
  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  /** A date as people write it, or nothing when it cannot be read. */
  function day(iso) {
    const date = new Date(iso);
    return Number.isNaN(date.getTime()) ? "" : date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  }
  /** How many monospace cells a text takes on one line; wide scripts take two a character. */
  function cellsWide(text) {
    let wide = 0;
    for (const character of text) wide += character === "\t" ? TAB_CELLS : character.codePointAt(0) >= 0x1100 ? 2 : 1;
    return wide;
  }
  /** The small sign that stands for a special token. */
  function glyphOf(text) {
    if (/pad/.test(text)) return "·";
    return /turn\||eos|end/.test(text) ? "◼" : "◇";
  }
  return {
    TOP_LEVEL, seconds, secondsPerStep, visible, quoted, aboutPercent, natsOf, aboutNats, nats, count, day, cellsWide, glyphOf,
  };
})();
