/**
 * The page beside the player: which run is on show, this browser's runs, notices, and what is asked of the server.
 *
 * Its other half is visualizer/page/answers.py. Prompts and sentences reach the page through `textContent` only.
 *
 * @param {Document} page
 * @param {Pick<Player, "receive" | "runOn">} player
 */
function createLibrary(page, player) {
  "use strict";

  /** parent: the run that it was made of by writing on its canvas, and deed, how. @typedef {{ id: string, prompt: string, at: string, parent?: string, deed?: string }} Remembered */
  const RUNS = "denoise-runs"; // this browser's runs, newest first
  const KEPT = 20;
  const DEEPEST = 5; // further branches are indented no more
  const HEAD = /^\{"k":"(\w+)"(?:,"run":"([^"]*)")?/;
  let own = [""]; // the run that this page follows, or did last, and those that it has asked for since, oldest first
  let isAway = true; // something else is on show than the first of them
  const live = () => own.at(-1) ?? "";
  /** @param {string} selector */
  const one = (selector) => /** @type {HTMLElement | null} */ (page.querySelector(selector));
  /** @param {string} selector of what is always on the page */
  const part = (selector) => /** @type {HTMLElement} */ (page.querySelector(selector));

  // ---- This browser's runs ---------------------------------------------------------------------------------------

  /**
   * Read the list; a browser that forbids storage, or holds something else there, has none.
   * @returns {Remembered[]}
   */
  function runs() {
    try {
      const list = JSON.parse(localStorage.getItem(RUNS) ?? "[]");
      return Array.isArray(list) ? list.filter((run) => typeof run?.id === "string") : [];
    } catch {
      return [];
    }
  }
  /** @param {Remembered[]} list */
  function store(list) {
    try {
      localStorage.setItem(RUNS, JSON.stringify(list.slice(0, KEPT)));
    } catch {
      // The list is a convenience; the run itself is kept by the server.
    }
    draw();
  }
  /** @param {StartMessage} message */
  function remember({ run: id, prompt, started_at: at = "" }) {
    const known = made.get(id) ?? runs().find((run) => run.id === id);
    const origin = known?.parent ? { parent: known.parent, deed: known.deed } : {};
    store([{ id, prompt: String(prompt).slice(0, 200), at, ...origin }, ...runs().filter((run) => run.id !== id)]);
  }
  /**
   * The list as trees, each run under the one that it was made of: the newest tree first, the oldest branch first.
   * @returns {{run: Remembered, depth: number}[]}
   */
  function trees() {
    const list = runs();
    /** @param {Remembered} run @returns {Remembered | undefined} */
    const parent = (run) => list.find(({ id }) => id === run.parent);
    /** @param {Remembered} run @returns {Remembered} */
    const root = (run) => { const above = parent(run); return above ? root(above) : run; };
    /** @param {Remembered} run @param {number} depth @returns {{run: Remembered, depth: number}[]} */
    const tree = (run, depth) => [{ run, depth }, ...list.filter((other) => other.parent === run.id).reverse().flatMap((other) => tree(other, depth + 1))];
    return [...new Set(list.map(root))].flatMap((run) => tree(run, 0));
  }

  /** Draw the list: every run opens with a click, and compares itself with the one on show. */
  function draw() {
    const list = one("#your-runs ol");
    if (!list) return;
    const items = trees().map(({ run, depth }) => {
      const item = page.createElement("li");
      const named = depth ? run.deed : [run.deed, run.prompt].filter(Boolean).join(" · "); // what it was made of may be missing
      const open = button(named ?? "", "open-run", () => ask({ do: "open", id: run.id }));
      if (depth) item.style.setProperty("--depth", String(Math.min(depth, DEEPEST)));
      open.append(when(run.at));
      const other = button("compare", "compare-run", () => ask({ do: "compare", left: run.id, right: shown() }));
      item.classList.toggle("on-show", shown().split(/[~+]/).includes(run.id));
      item.append(open, other, deleteButton(run.id));
      return item;
    });
    list.replaceChildren(...items);
    part("#your-runs").hidden = !items.length;
  }
  /**
   * Two clicks delete a run, wherever it is kept.
   * @param {string} run
   */
  function deleteButton(run) {
    const made = button("delete", "delete-run", () => {
      if (made.classList.toggle("sure")) {
        made.textContent = "for good?";
        return;
      }
      forgettable.push(run);
      press("#forget");
    });
    made.addEventListener("blur", () => {
      made.classList.remove("sure");
      made.textContent = "delete";
    });
    return made;
  }
  /** @type {string[]} */
  const forgettable = []; // ids of runs that are to be deleted, as `unsent`
  let going = "";
  const forgetting = () => (going = forgettable.shift() ?? "");
  /**
   * Take a run from the list once the server has none of it, or say why it has.
   * @param {string} sentence
   */
  function forgotten(sentence) {
    notice(sentence);
    if (!sentence) store(runs().filter((run) => run.id !== going));
  }
  /** @param {string} text @param {string} name @param {() => void} act */
  function button(text, name, act) {
    const made = page.createElement("button");
    made.type = "button";
    [made.className, made.textContent] = [name, text];
    made.addEventListener("click", act);
    return made;
  }
  /** @param {string} at */
  function when(at) {
    const time = page.createElement("time");
    const date = new Date(at);
    time.textContent = Number.isNaN(date.getTime()) ? "" : date.toLocaleString([], { dateStyle: "short", timeStyle: "short" });
    return time;
  }

  // ---- Messages --------------------------------------------------------------------------------------------------

  const shown = () => one("#player .player-root")?.dataset.run ?? "";

  /**
   * Note which run the player shows; a hidden field tells the server's parts of the page.
   * @param {string} run
   */
  function show(run) {
    part("#player .player-root").dataset.run = run;
    one("#note-shown")?.click();
    draw();
  }
  /**
   * Take one message, and hand it on to the player, which ignores the kinds that are not its own.
   * @param {string} numbered the number of the wish that it answers, a space, and the message
   */
  function receive(numbered) {
    const [number, json] = [numbered.slice(0, numbered.indexOf(" ")), numbered.slice(numbered.indexOf(" ") + 1)];
    if (number !== String(wishes)) return; // it came late: something else is asked for since
    const [, kind = "", run = ""] = HEAD.exec(json) ?? [];
    if (!["waiting", "loading"].includes(kind)) part("#place").textContent = "";
    if (["compare", "race"].includes(kind) || (["start", "recording"].includes(kind) && run !== shown())) notice("");
    if (["recording", "race", "compare"].includes(kind)) isAway = true;
    if (kind === "start") begin(JSON.parse(json));
    else if (["recording", "race", "compare"].includes(kind) && run !== shown()) show(run);
    else if (kind === "end" && run !== shown()) show(run); // stopped before it began
    else if (kind === "kept") one("#note-shown")?.click(); // the same run, whole now
    else if (kind === "waiting") wait(JSON.parse(json));
    else if (kind === "loading") part("#place").textContent = JSON.parse(json).text;
    else if (kind === "notice") refuse(JSON.parse(json));
    else if (kind === "unkept") notice(JSON.parse(json).text, "save");
    player.receive(json);
  }
  /** @param {StartMessage} message */
  function begin(message) {
    refused = null;
    follow(message.run);
    remember(message);
    show(message.run);
  }
  /** @param {WaitingMessage} message */
  function wait({ run, place, block_seconds: seconds = 0 }) {
    follow(run);
    const pace = seconds >= 1 ? `, about ${Math.round(seconds)} s a block` : "";
    part("#place").textContent = `Waiting: ${place === 1 ? "one run is" : `${place} runs are`} before yours${pace}.`;
  }
  /**
   * What was asked for is refused, and nothing was replaced.
   * @param {NoticeMessage} message
   */
  function refuse({ text }) {
    own.splice(1); // where one of these is a run, it begins now
    if (refused) refused(text); // where it was asked for
    else notice(text);
    refused = null;
    const { top, bottom } = part("#notice").getBoundingClientRect();
    if (top > innerHeight || bottom < 0) part("#place").textContent = text; // beside the buttons, where it is seen
  }
  /**
   * Say a sentence beside the run on show; an empty one takes it back.
   * @param {string} text @param {"save"} [offer] what to do about it
   */
  function notice(text, offer) {
    const place = part("#notice");
    [place.textContent, place.hidden] = [text, !text];
    part("#save-now").hidden = offer !== "save";
  }

  // ---- Asking ----------------------------------------------------------------------------------------------------

  let wishes = 0; // so many; only the last one is answered
  /** @type {string[]} */
  const unsent = []; // what was asked for and the hidden field has not taken yet, oldest first
  let lastAsked = "";
  /**
   * What the hidden field gets; the number makes the same wish twice two changes.
   * @param {Wish} content
   */
  const wish = (content) => JSON.stringify({ ...content, following: isAway ? own.slice(1) : own, number: ++wishes });
  /** @type {string[] | null} */
  let early = []; // hidden buttons that were pressed before Gradio heard them
  /** @param {string} button a hidden one, that Gradio knows */
  function press(button) {
    if (early) early.push(button);
    else part(button).click();
  }
  /**
   * Ask the server.
   * @param {Wish} content
   */
  function ask(content) {
    unsent.push(wish(content));
    if (content.do !== "influence") part("#player").scrollIntoView({ behavior: "smooth", block: "nearest" });
    press("#ask");
  }
  const asked = () => (lastAsked = unsent.shift() ?? lastAsked);
  /** An id that nobody can guess. It is drawn here, so that Stop can name a run that the server has not heard of. */
  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  /** @param {string} run that the page follows from now on */
  function follow(run) {
    own = [run];
    isAway = false;
  }
  /**
   * Ask for a run that takes the place of the one under way.
   * @param {RunWish} content
   */
  function askForRun(content) {
    const id = newId();
    refused = null;
    ask({ ...content, id, instead: live() });
    own.push(id);
  }
  /** Who hears why what was asked for last cannot be. @type {((sentence: string) => void) | null} */
  let refused = null;
  /** What runs were made of that this page has asked for. @type {Map<string, {parent: string, deed: string}>} */
  const made = new Map();
  /**
   * Ask for a run of what was done to another's canvas, from the seed that is set, or a new one.
   * @param {Edit} edit
   * @param {string} deed in words
   * @param {(sentence: string) => void} hear why that cannot be
   */
  function write(edit, deed, hear) {
    askForRun({ do: "denoise", draft: edit, knobs: { seed: window.denoiseForm.read().knobs.seed } });
    made.set(live(), { parent: edit.from, deed });
    refused = hear;
  }
  /**
   * The run that one was made of, and how; null where this browser does not know.
   * @param {string} id
   */
  function parentOf(id) {
    const run = made.get(id) ?? runs().find((run) => run.id === id);
    return run?.parent ? { id: run.parent, deed: run.deed ?? "" } : null;
  }
  /**
   * Show the run that one was made of; one under way is stopped.
   * @param {string} id
   */
  function undo(id) {
    const parent = parentOf(id);
    if (!parent) return;
    if (id === live()) stop();
    open(parent.id);
    if (part("#player").getBoundingClientRect().top < 0) part("#player").scrollIntoView({ block: "start" }); // it gets shorter
  }
  const denoise = (/** @type {Form} */ form) => askForRun({ do: "denoise", ...form });
  const open = (/** @type {string} */ id) => ask({ do: "open", id });
  /**
   * Ask what the token at a place of the run on show would have moved, had it been held before a step.
   * @param {number} state
   * @param {number} place
   */
  const askInfluence = (state, place) => ask({ do: "influence", id: shown(), state, place });
  /** Whether all is there that is pressed and written to. */
  const isWhole = () => ["#ask", "#halt", "#forget", "#note-shown", "#notice", "#place"].every(one);
  /**
   * What a page asks for as it opens: what was clicked before it was whole, the last of that, or this browser's last
   * run, or else a recording from the gallery.
   */
  function first() {
    const others = (early ?? []).filter((button) => button !== "#ask");
    early = null;
    setTimeout(() => others.forEach(press));
    unsent.splice(0, unsent.length - 1);
    return unsent.length ? asked() : wish({ do: "open", first: "yes", id: runs()[0]?.id ?? "" });
  }
  /** @type {string[]} */
  const unstopped = []; // ids of runs that Stop was pressed for, as `unsent`
  function stop() {
    unstopped.push(live());
    press("#halt");
  }
  const stopping = () => unstopped.shift() ?? "";

  /**
   * Hand the saved file to the browser, or say why there is none.
   * @param {string} sentence
   */
  function fetchSaved(sentence) {
    notice(sentence);
    if (!sentence) setTimeout(() => one("#saved-file a, a#saved-file, #saved-file button, button#saved-file")?.click());
  }

  /**
   * Show a recording that was opened from a file, or say why there is none.
   * @param {string} id
   * @param {string} sentence
   */
  function taken(id, sentence) {
    notice(sentence);
    if (id) open(id);
  }

  page.addEventListener("click", ({ target }) => {
    if (target === one("#save-now")) one("#save")?.click();
    const button = target instanceof Element ? target.closest("#again [data-change]") : null;
    const change = button instanceof HTMLElement ? button.dataset.change : "";
    if (target === one("#run-on")) player.runOn();
    if (target === one("#race-it")) askForRun({ do: "race", left: shown() });
    if (change) askForRun({ do: "again", left: shown(), change, knobs: window.denoiseForm.read().knobs });
  });
  draw();
  return { receive, fetchSaved, taken, isWhole, asked, denoise, write, parentOf, undo, open, askInfluence, stop, stopping, first, shown, running: live, forgetting, forgotten };
}
