/** Numbers and token texts in words. Every figure says how exact it is: levels have 64 steps. */
const words = (() => {
  "use strict";
  const TOP_LEVEL = SHARED.alphabet.length - 1;
  const SIGNS = new Map([[" ", "␣"], ["\n", SHARED.returnSign], ["\t", "⇥"]]);

  /**
   * Milliseconds as seconds.
   * @param {number} ms
   */
  const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
  /**
   * A step's duration, with a digit more where it is short.
   * @param {number} ms
   */
  const secondsPerStep = (ms) => `${(ms / 1000).toFixed(ms < 100 ? 3 : 2)} s`;

  /**
   * Whitespace and control characters made visible.
   * @param {string} text
   */
  function visible(text) {
    /** @param {string} sign */
    const hex = (sign) => sign.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
    return text.replace(/[ \p{Cc}\p{Cf}]/gu, (sign) => SIGNS.get(sign) ?? `⟨U+${hex(sign)}⟩`);
  }
  /**
   * A text that must not break the line.
   * @param {string} text
   */
  const inLine = (text) => text.replace(/[\n\t]/g, (sign) => SIGNS.get(sign) ?? sign);
  /**
   * A token's text in quotes, whitespace visible.
   * @param {string} text
   */
  const quoted = (text) => `“${visible(text)}”`;

  /**
   * A probability level (0 to 63) in words.
   * @param {number} level
   */
  function aboutPercent(level) {
    if (level === 0) return "under 1 %";
    return level === TOP_LEVEL ? "over 99 %" : `about ${Math.round((level / TOP_LEVEL) * 100)} %`;
  }
  /**
   * An entropy level (0 to 63, finest near zero) in nats.
   * @param {number} level
   * @param {number} maxEntropy
   */
  const natsOf = (level, maxEntropy) => (level / TOP_LEVEL) ** 2 * maxEntropy;
  /**
   * An entropy level in words.
   * @param {number} level
   * @param {number} maxEntropy
   */
  function aboutNats(level, maxEntropy) {
    if (level === 0) return "under 0.001 nats";
    return `about ${Number(natsOf(level, maxEntropy).toPrecision(level < 4 ? 1 : 2))} nats`;
  }
  /**
   * A mean entropy, which is sent with four digits.
   * @param {number} value
   */
  function nats(value) {
    if (value >= 1) return value.toFixed(value >= 10 ? 1 : 2);
    return value >= 0.0001 ? String(Number(value.toPrecision(2))) : "< 0.0001";
  }
  /**
   * A count with its noun: "1 step", "3 steps".
   * @param {number} number
   * @param {string} noun
   */
  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  /**
   * A sentence begins with a capital letter.
   * @param {string} text
   */
  const capitalised = (text) => text && `${text[0].toUpperCase()}${text.slice(1)}`;
  /**
   * A date as people write it, or nothing when it cannot be read.
   * @param {string} iso
   */
  function day(iso) {
    const date = new Date(iso);
    return Number.isNaN(date.getTime()) ? "" : date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  }
  return { TOP_LEVEL, seconds, secondsPerStep, visible, inLine, quoted, aboutPercent, natsOf, aboutNats, nats, count, capitalised, day };
})();
