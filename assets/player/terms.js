/** What the words on the player mean: in a bubble beside them, for who points at one, taps it, or comes to it by keyboard. */
const terms = (() => {
  "use strict";
  const { make, write, attribute } = dom;
  const [GAP_PX, EDGE_PX] = [8, 8];

  /**
   * Say what a word means; "" for nothing.
   * @param {HTMLElement} word
   * @param {string} meaning
   */
  function explain(word, meaning) {
    attribute(word, "data-means", meaning || undefined);
    attribute(word, "tabindex", meaning ? 0 : undefined);
  }
  /**
   * The bubble of a player.
   * @param {HTMLElement} root
   */
  function createBubble(root) {
    const bubble = root.appendChild(make("div", "dp-bubble"));
    [bubble.id, bubble.hidden] = [`dp-means-${Math.random().toString(36).slice(2)}`, true];
    bubble.setAttribute("role", "tooltip");
    /** @type {HTMLElement | null} */
    let told = null;

    /** @param {Event} event */
    const wordOf = ({ target }) => (target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest("[data-means]")) : null);
    /** @param {HTMLElement | null} word */
    function tell(word) {
      if (told) attribute(told, "aria-describedby", undefined);
      told = word;
      bubble.hidden = !word;
      if (!word) return;
      write(bubble, word.dataset.means ?? "");
      attribute(word, "aria-describedby", bubble.id);
      place(word);
    }
    /**
     * Below the word, or above where there is no room, and within the player.
     * @param {HTMLElement} word
     */
    function place(word) {
      const [own, at, size] = [root.getBoundingClientRect(), word.getBoundingClientRect(), bubble.getBoundingClientRect()];
      const below = at.bottom + GAP_PX + size.height < innerHeight;
      const left = Math.max(EDGE_PX, Math.min(at.left - own.left, own.width - size.width - EDGE_PX));
      bubble.style.left = `${left}px`;
      bubble.style.top = `${(below ? at.bottom + GAP_PX : at.top - GAP_PX - size.height) - own.top + root.scrollTop}px`;
    }
    root.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse") tell(wordOf(event)); });
    root.addEventListener("pointerleave", () => { if (document.activeElement !== told) tell(null); });
    root.addEventListener("focusin", (event) => tell(wordOf(event)));
    root.addEventListener("focusout", () => tell(null));
    root.addEventListener("click", (event) => { const word = wordOf(event); if (word) tell(word); });
    root.addEventListener("keydown", (event) => { if (event.key === "Escape") tell(null); });
  }
  return { explain, createBubble };
})();
