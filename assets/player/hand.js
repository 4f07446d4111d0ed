/**
 * The hand: tokens of a canvas are selected, by the pointer, a finger or the keys, and a bar beside them says what can be
 * done to them. Each of that is a run of its own, which the page asks for; a page that runs nothing has no hand.
 */
const hands = (() => {
  "use strict";
  const { make, write, attribute, named, find } = dom;
  const { isDenoised, isNoise, isText, textAt } = decode;
  const { count, quoted } = words;
  const HOLD_MS = 400; // so long a finger rests on a token that is to be selected
  const STILL_PX = 10;
  const DOCK_BELOW_PX = 560;
  const UNDER_PX = 100; // what the timeline takes of the window
  const LETTER = /[\p{L}\p{N}\p{M}]/u;
  const WITHIN = /^['’\p{L}\p{N}\p{M}]/u;
  /** @type {Record<Verb, {title: string, about: string}>} */
  const VERBS = {
    "throw back": { title: "Throw back", about: "These are denoised again; all else that stands stays" },
    hold: { title: "Hold", about: "These stay; all else is denoised again" },
    write: { title: "Replace with…", about: "Your own words stand here; all else that stands stays" },
    "go on": { title: "Run from here", about: "The run goes on from the step shown, with these thrown back" },
  };
  const MARKUP = `
    <p class="dp-held-count"><span data-ui="count"></span> <button type="button" data-ui="let" aria-label="Let go" title="Let go (Esc)">✕</button></p>
    <div class="dp-verbs" data-ui="verbs"></div>
    <form data-ui="form" hidden><textarea rows="1" aria-label="What stands there instead" spellcheck="false"></textarea><button>Replace</button></form>
    <p class="dp-refusal" role="status" data-ui="refusal"></p>`;

  /**
   * What was done, for the list of runs.
   * @param {Verb} verb
   * @param {number} tokens
   * @param {Step} step
   * @param {string} text
   */
  function deedOf(verb, tokens, step, text) {
    const moment = step.phase === "commit" ? "the end" : step.phase === "noise" ? "the noise" : `step ${step.step}`;
    const where = step.block ? `${moment} of block ${step.block + 1}` : moment;
    const many = count(tokens, "token");
    return {
      "throw back": `threw back ${many} at ${where}`, hold: `held ${many} of ${where}`,
      write: `wrote ${quoted(text.trim().slice(0, 40))} over ${many} at ${where}`, "go on": `ran on from ${where}${tokens ? ` without ${many}` : ""}`,
    }[verb];
  }

  /**
   * A hand in the player's element.
   * @param {HTMLElement} root
   * @param {HTMLElement} bar where the actions are
   * @param {{panes: () => Pane[], indexOf: (pane: Pane) => number, focused: () => Spot | null, visit: (spot: Spot) => void, stand: () => void, repaint: () => void}} player
   *   panes on show, which step each shows, the token that has the focus; how to go to one, stand still, draw anew
   * @param {PlayerPage} page
   */
  function createHand(root, bar, { panes, indexOf, focused, visit, stand, repaint }, page) {
    bar.innerHTML = MARKUP; // static
    root.classList.add("dp-writable");
    const ui = named(bar);
    const text = find(bar, "textarea", HTMLTextAreaElement);
    const listening = new AbortController();
    /** @type {{pane: Pane, from: [number, number], to: [number, number]} | null} */
    let span = null; // what is selected: from where on, and up to where it was extended last
    /** @type {Spot | null} */
    let anchor = null; // where a selection begins that is extended
    /** @type {HTMLElement[]} */
    let marked = [];
    let [pressed, dragged, held, finger, timer, asking] = [false, false, false, false, 0, false];
    let at = [0, 0];
    const verbs = Object.entries(VERBS).map(([verb, { title, about }]) => {
      const button = make("button", "", title);
      [button.type, button.value, button.title] = ["button", verb, about];
      ui.verbs.append(button);
      return button;
    });

    // ---- Places, counted over all blocks ---------------------------------------------------------------------------

    /**
     * The position at a place of a pane, where it is drawn.
     * @param {Pane} pane
     * @param {number} place
     */
    function positionAt(pane, place) {
      const length = pane.run().trace[0]?.length ?? 1;
      return place < 0 ? null : pane.canvas.placeAt(Math.floor(place / length), place % length);
    }
    /**
     * From and to which place a cell stands.
     * @param {Spot} spot
     * @returns {[number, number] | null}
     */
    function stretchOf({ pane, b, i }) {
      const position = pane.canvas.placeAt(b, i);
      if (!position || !isDenoised(position.run)) return null;
      const [from, to] = position.stretch ?? [i, i + 1];
      const before = b * position.step.length;
      return [before + Math.min(from, i), before + Math.max(to, i + 1) - 1];
    }
    /**
     * The text at a place; null beyond the canvas and where there is none.
     * @param {Pane} pane
     * @param {number} place
     */
    function textOf(pane, place) {
      const position = positionAt(pane, place);
      return position && isText(position.step.parts[position.i]) ? textAt(position.run, position.step, position.i) : null;
    }
    /**
     * Grow a place to its neighbours, as long as two are joined.
     * @param {Pane} pane
     * @param {number} place
     * @param {(before: string, after: string) => boolean} joined
     * @returns {[number, number]}
     */
    function grown(pane, place, joined) {
      /** @param {number} k @returns {boolean} whether a place belongs to the one before it */
      const goesOn = (k) => {
        const [before, after] = [textOf(pane, k - 1), textOf(pane, k)];
        return before !== null && after !== null && joined(before, after);
      };
      let [from, to] = [place, place];
      while (goesOn(from)) from -= 1;
      while (goesOn(to + 1)) to += 1;
      return [from, to];
    }
    /** @param {Pane} pane @param {number} place */
    const wordAt = (pane, place) => grown(pane, place, (before, after) => LETTER.test(before.slice(-1)) && WITHIN.test(after));
    /**
     * The line of a place, without the break that ends it.
     * @param {Pane} pane
     * @param {number} place
     */
    function lineAt(pane, place) {
      const [from, to] = grown(pane, place, (before) => !before.includes("\n"));
      return /** @type {[number, number]} */ ([from, to > from && !textOf(pane, to)?.trim() ? to - 1 : to]);
    }
    /** From and to which place is selected. @returns {[number, number]} */
    const range = () => (span ? [Math.min(span.from[0], span.to[0]), Math.max(span.from[1], span.to[1])] : [0, -1]);
    /** The places that are selected, as positions. */
    function selected() {
      const [from, to] = range();
      const all = Array.from({ length: to - from + 1 }, (_, k) => from + k);
      return span ? all.flatMap((place) => { const position = span && positionAt(span.pane, place); return position ? [{ place, ...position }] : []; }) : [];
    }

    // ---- Selecting -------------------------------------------------------------------------------------------------

    /**
     * Where a cell stands.
     * @param {Element | null} target
     * @returns {Spot | null}
     */
    function spotOf(target) {
      const cell = target?.closest(".dp-canvas [data-position]");
      const pane = cell && panes().find(({ element }) => element.contains(cell));
      return cell instanceof HTMLElement && pane ? { pane, b: Number(cell.closest(".dp-block")?.getAttribute("data-block")), i: Number(cell.dataset.position) } : null;
    }
    /**
     * Select a stretch of places.
     * @param {Pane} pane
     * @param {[number, number]} from
     * @param {[number, number]} to
     */
    function select(pane, from, to = from) {
      if (!pane.run().source) return; // nobody could find it again
      if (!span) stand();
      if (!span || span.pane !== pane || range().join() !== [Math.min(from[0], to[0]), Math.max(from[1], to[1])].join()) say("");
      span = { pane, from, to };
      repaint();
    }
    /**
     * Extend the selection to a cell, from where it began or else from the token that was pointed at last.
     * @param {Spot} spot
     */
    function extend(spot) {
      const start = span?.pane === spot.pane ? span.from : stretchOf(anchor?.pane === spot.pane ? anchor : spot);
      const end = stretchOf(spot);
      if (start && end) select(spot.pane, start, end);
    }
    /**
     * Select the word or the line of a cell.
     * @param {Spot} spot
     * @param {(pane: Pane, place: number) => [number, number]} grow
     */
    function take(spot, grow) {
      const own = stretchOf(spot);
      if (own) select(spot.pane, own[1] > own[0] ? own : grow(spot.pane, own[0]));
    }
    /** Select nothing; whether something was. */
    function letGo() {
      const was = Boolean(span);
      [span, asking, ui.form.hidden] = [null, false, true];
      say("");
      if (was) repaint();
      return was;
    }
    /** Forget all, as another run is shown. */
    function forget() {
      letGo();
      anchor = null;
    }

    /** @param {PointerEvent} event */
    function onDown(event) {
      clearTimeout(timer);
      [pressed, dragged, held, finger, at] = [false, false, false, event.pointerType === "touch", [event.clientX, event.clientY]];
      const spot = event.target instanceof Element ? spotOf(event.target) : null;
      if (!spot || event.button) return;
      if (finger) {
        timer = setTimeout(() => {
          held = true;
          anchor = spot;
          letGo();
          take(spot, wordAt);
        }, HOLD_MS);
      } else if (event.shiftKey) {
        anchor ??= focused();
        extend(spot);
        dragged = true;
      } else [pressed, anchor] = [true, spot];
    }
    /** @param {PointerEvent} event */
    function onMove(event) {
      if (finger && !held && Math.hypot(event.clientX - at[0], event.clientY - at[1]) > STILL_PX) clearTimeout(timer);
      if (!held && !(pressed && event.buttons & 1)) return;
      const spot = spotOf(document.elementFromPoint(event.clientX, event.clientY)); // a finger's target stays where it began
      if (!spot || !anchor || spot.pane !== anchor.pane) return;
      if (!dragged && spot.b === anchor.b && spot.i === anchor.i) return;
      if (!dragged && !held) letGo();
      dragged = true;
      extend(spot);
    }
    function onUp() {
      clearTimeout(timer);
      pressed = false;
      if (dragged && span && !finger) visit(spotAt(span.pane, span.to[0]));
    }
    /** @param {Pane} pane @param {number} place @returns {Spot} */
    function spotAt(pane, place) {
      const length = pane.run().trace[0]?.length ?? 1;
      return { pane, b: Math.floor(place / length), i: place % length };
    }
    /** @param {MouseEvent} event */
    function onClick(event) {
      const spot = event.target instanceof Element ? spotOf(event.target) : null;
      if (dragged || held || !(event.target instanceof Element) || !event.target.closest(".dp-canvas")) return;
      if (finger && span && spot) return extend(spot);
      if (spot && event.detail === 2) return take(spot, wordAt);
      if (spot && event.detail > 2) return take(spot, lineAt);
      letGo();
    }
    /**
     * What is selected goes to the clipboard as text: the canvas itself cannot be selected.
     * @param {ClipboardEvent} event
     */
    function onCopy(event) {
      if (!span || bar.contains(document.activeElement) || !getSelection()?.isCollapsed) return;
      event.clipboardData?.setData("text/plain", chosenText());
      event.preventDefault();
    }
    const chosenText = () => selected().map(({ run, step, i }) => textAt(run, step, i)).join("");

    /**
     * Obey a key on a token, before all others. move: goes to a neighbour by that key.
     * @param {Spot | null} spot
     * @param {KeyboardEvent} event
     * @param {() => Spot | null} move
     */
    function press(spot, { key, shiftKey }, move) {
      if (!spot) return false;
      if (shiftKey && /^(Arrow(Left|Right)|Home|End)$/.test(key)) {
        if (!span) anchor = spot;
        const there = move();
        if (there) extend(there);
        return true;
      }
      if (key === "l") return take(spot, lineAt), true;
      if (!span || shiftKey || (key !== "Enter" && key !== "Tab")) return false;
      show(); // a quick hand is before the next frame
      verbs[0].focus();
      return true;
    }
    /**
     * Obey a key in the bar; whether it is there.
     * @param {KeyboardEvent} event
     */
    function pressInBar({ target, key }) {
      if (!(target instanceof Node) || !bar.contains(target)) return false;
      if (key === "Escape") leave();
      return true;
    }
    /** Let go, and give the focus back to the canvas. */
    function leave() {
      const spot = span && spotAt(span.pane, span.to[0]);
      letGo();
      if (spot) visit(spot);
    }

    // ---- Doing -----------------------------------------------------------------------------------------------------

    /** @param {string} sentence */
    const say = (sentence) => write(ui.refusal, sentence);
    /**
     * The places of some positions, as stretches.
     * @param {{place: number}[]} positions
     */
    function stretches(positions) {
      /** @type {[number, number][]} */
      const found = [];
      for (const { place } of positions) {
        const last = found.at(-1);
        if (last?.[1] === place) last[1] += 1;
        else found.push([place, place + 1]);
      }
      return found;
    }
    /**
     * Ask for a run of what is done to a pane's canvas. Without a selection the run goes on as it is.
     * @param {Pane} pane
     * @param {Verb} verb
     * @param {string} words
     */
    function act(pane, verb, words = "") {
      const [run, index] = [pane.run(), indexOf(pane)];
      if (asking || !run.source || !run.trace[index] || !isDenoised(run)) return;
      const positions = verb === "hold" ? selected().filter(({ step, i }) => !isNoise(step.cells[i])) : selected();
      asking = true;
      say("");
      page.write({ from: run.source, do: verb, state: index, places: stretches(positions), ...(verb === "write" ? { text: words } : {}) },
        deedOf(verb, positions.length, run.trace[index], words), (sentence) => {
          asking = false;
          say(sentence);
          repaint();
        });
      repaint();
    }
    /** Whether the selection holds tokens that could be held. */
    const stands = () => selected().some(({ step, i }) => !isNoise(step.cells[i]));
    /** Open the field for other words; what stands there is in it, without the blanks around it. */
    function openForm() {
      ui.form.hidden = !ui.form.hidden;
      if (ui.form.hidden) return;
      text.value = chosenText().trim();
      text.focus();
      text.select();
      repaint();
    }
    /** Replace what is selected; the blanks around it stay, so that words stay apart. */
    function replace() {
      const old = chosenText();
      const [lead, trail] = [/^\s*/.exec(old)?.[0] ?? "", /\s*$/.exec(old)?.[0] ?? ""];
      if (span) act(span.pane, "write", text.value.trim() ? `${lead}${text.value.trim()}${trail}` : text.value);
    }

    // ---- Showing ---------------------------------------------------------------------------------------------------

    /** Mark what is selected, and put the bar beside it. */
    function show() {
      const cells = selected().flatMap(({ step, i }) => span?.pane.canvas.cellAt(step.block, i) ?? []);
      if (cells.length !== marked.length || cells.some((cell, k) => cell !== marked[k])) {
        const kept = new Set(cells);
        for (const cell of marked) if (!kept.has(cell)) cell.removeAttribute("data-picked");
        for (const cell of cells) cell.setAttribute("data-picked", "");
        marked = cells;
      }
      const seen = cells.filter(layouts.isSeen);
      bar.hidden = !seen.length;
      root.classList.toggle("dp-selecting", !bar.hidden);
      if (bar.hidden) return;
      write(ui.count, count(cells.length, "token"));
      attribute(bar, "aria-busy", asking || undefined);
      for (const button of verbs) attribute(button, "aria-disabled", asking || (button.value === "hold" && !stands()) || undefined);
      attribute(verbs[2], "aria-expanded", !ui.form.hidden);
      placeBeside(seen);
    }
    /**
     * Put it under the selection, or above it where there is no room; narrow players dock it above the timeline.
     * @param {HTMLElement[]} cells
     */
    function placeBeside(cells) {
      const outer = root.getBoundingClientRect();
      const docked = outer.width < DOCK_BELOW_PX;
      bar.classList.toggle("dp-docked", docked);
      bar.style.marginTop = docked ? `${-bar.offsetHeight}px` : ""; // so that it moves nothing
      if (docked) return;
      const [first, last] = [cells[0].getClientRects()[0], [...(cells.at(-1)?.getClientRects() ?? [])].at(-1)];
      if (!first || !last) return;
      const [high, room] = [bar.offsetHeight, innerHeight - UNDER_PX];
      const above = last.bottom + high + 10 > room && first.top > high + 10;
      const left = Math.min(Math.min(first.left, last.left) - outer.left - 14, outer.width - bar.offsetWidth - 12);
      bar.style.left = `${Math.max(12, left)}px`;
      bar.style.top = `${(above ? first.top - high - 8 : Math.min(last.bottom + 8, Math.max(room - high, first.top))) - outer.top + root.scrollTop}px`;
    }

    ui.verbs.addEventListener("click", ({ target }) => {
      if (!(target instanceof HTMLButtonElement) || !span || target.getAttribute("aria-disabled") === "true") return;
      if (target.value === "write") openForm();
      else act(span.pane, /** @type {Verb} */ (target.value));
    });
    ui.let.addEventListener("click", leave);
    ui.form.addEventListener("submit", (event) => {
      event.preventDefault();
      replace();
    });
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      replace();
    });
    const options = { signal: listening.signal };
    root.addEventListener("pointerdown", onDown, options);
    root.addEventListener("pointermove", onMove, options);
    root.addEventListener("pointerup", onUp, options);
    root.addEventListener("pointercancel", onUp, options);
    root.addEventListener("click", onClick, options);
    document.addEventListener("copy", onCopy, options);
    root.addEventListener("touchmove", (event) => { if (held) event.preventDefault(); }, { ...options, passive: false }); // it extends, and scrolls nothing
    root.addEventListener("contextmenu", (event) => { if (finger && event.target instanceof Element && spotOf(event.target)) event.preventDefault(); }, options);

    function destroy() {
      listening.abort();
      clearTimeout(timer);
      root.classList.remove("dp-writable", "dp-selecting");
    }
    return { show, press, pressInBar, letGo, forget, holds: () => span !== null, runOn: (/** @type {Pane} */ pane) => act(pane, "go on"), destroy };
  }
  return { createHand };
})();
