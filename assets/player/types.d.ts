/** The values that pass between the player's files. Only the type checker reads this; no browser gets it. */

/** What visualizer/player/constants.py sends. */
declare const SHARED: {
  alphabet: string;
  axisShares: Record<"longTail" | "text" | "room", number>;
  codes: Record<"MASKED" | "NEW" | "DRAFT" | "COMMITTED" | "REVERTED" | "CHANGED_NEW" | "CHANGED_COMMITTED", number>;
  endings: Record<Reason, string>;
  heatNats: number[];
  mapShares: Record<"quiet" | "settled" | "right" | "guess" | "sureGuess", number>;
  maxNoiseCells: number;
  noiseSign: string;
  parts: Record<"ANSWER" | "THOUGHT" | "STRUCTURE" | "TAIL", number>;
  returnSign: string;
  settings: Record<string, string>;
  standSigns: Record<"met" | "lost" | "open", string>;
  stepMs: number;
  structureSign: string;
  sureLevels: number;
  tailWords: Record<"one" | "many", string>;
};

// ---- Messages: visualizer/player/messages.py and step_writer.py say what is in them ---------------------------------

type Reason = "stop" | "length" | "stopped" | "failed";
type Phase = "noise" | "step" | "commit";
/** Denoised in any order; typed by a model, left to right; drawn as if it had been typed, and not run. */
type Writing = "denoised" | "typed" | "drawn";

interface Settings {
  stop_entropy?: number;
  stability_steps?: number;
  seed?: number;
  think?: boolean;
  system?: string;
  [name: string]: number | string | boolean | undefined;
}
interface StartMessage {
  k: "start";
  run: string;
  prompt?: string;
  checkpoint?: string;
  fingerprint?: string;
  device?: string;
  settings?: Settings;
  started_at?: string;
  recorded?: boolean;
  checks?: Check[];
  /** How many seeds were run to show this one. */
  chosen_among?: number;
  /** Says that the checkpoint has not learned such prompts; missing where it has, or nothing is known. */
  unlearned?: string;
  /** The demo prompt that is nearest to one that it has not learned: its id and title. */
  nearest?: [string, string];
  /** How the text came onto its canvas; missing where it was denoised. */
  writing?: "typed" | "drawn";
  /** Of a canvas that was written on: the stretches of places that are held, over all blocks, and what was done. */
  held?: [number, number][];
  origin?: string;
}
interface StepMessage {
  k: "step";
  /** The checks that are met or lost with this step, by their number in the start. */
  v?: number[];
  b: number;
  s: number;
  n: number;
  ph: Phase;
  T: number;
  ms: number;
  hmax: number;
  mean: number;
  w: string;
  h: string;
  p: string;
  d: string;
  x?: [number, number][];
  a?: string;
  q?: string;
  e?: string;
  t?: Record<string, string>;
  sp?: Record<string, string>;
  c?: Record<string, number>;
  o?: Record<number, string>;
  oc?: Record<number, number>;
  r?: [number, number, number][];
  z?: string;
  f?: Reason;
  answer?: string;
  thought?: string;
}
interface EndMessage {
  k: "end";
  run?: string;
  reason: Reason;
  message?: string;
}
interface DirectionMessage {
  ms: number[];
  says: Record<number, string>;
  lit: Record<number, number[]>;
  raw: number;
}
/** A constraint of the prompt. turns: the indices of the steps at which it is met, lost, met again. */
/** What the prompt asks for and can be checked. */
interface Check {
  label: string;
  /** What several have in common. */
  group?: string;
}
/** turns: the indices of the steps at which it is met, lost, met again. */
interface CheckCourse extends Check {
  turns: number[];
}
interface ReportMessage {
  k: "report";
  /** Of every block the positions that are scaffold. */
  scaffold: number[][];
  /** How many scaffold tokens, and how many of content, settle at every step. */
  landed: [number[], number[]];
  lead: string;
  /** Of the whole run. */
  order: FigureBase[];
  found: FindingGroup[];
}
/** Findings of one kind, with its definition. */
interface FindingGroup {
  kind: string;
  about: string;
  seen: Finding[];
}
/** at, to: the indices of the steps at which it is seen; b, i: its block, and positions there. */
interface Finding {
  says: string;
  b: number;
  i: number[];
  at: number;
  to: number;
}
interface RecordingMessage {
  k: "recording";
  run: string;
  label?: string;
  direction?: DirectionMessage;
  messages: (StartMessage | StepMessage | ReportMessage | EndMessage)[];
}
interface CompareMessage {
  k: "compare";
  left: RecordingMessage;
  right: RecordingMessage;
}
/** Those that only the rest of the page needs. */
interface WaitingMessage {
  k: "waiting";
  run: string;
  place: number;
  /** What a block takes; missing where none has been timed. */
  block_seconds?: number;
}
interface LoadingMessage {
  k: "loading";
  run: string;
  text: string;
}
interface KeptMessage {
  k: "kept";
  run: string;
}
interface UnkeptMessage {
  k: "unkept";
  run: string;
  text: string;
}
interface NoticeMessage {
  k: "notice";
  text: string;
}
/** What there is to know of a race, see visualizer/player/race.py. */
interface Race {
  timed: boolean;
  sides: [RaceSide, RaceSide];
  verdict: string[];
  notes: string[];
}
interface RaceSide {
  title: string;
  /** By state. */
  passes: number[];
  tokens: number[];
  /** The states at which the first line, and all of the answer, stood; -1 for never. */
  line: number;
  answer: number;
}
interface RaceMessage {
  k: "race";
  run: string;
  race: Race;
  left: RecordingMessage;
  right: RecordingMessage;
}
/** What moved when a token was held: position, entropy in nats without and with it, best guess without and with it. */
interface InfluenceMessage {
  k: "influence";
  run: string;
  at: number;
  b: number;
  i: number;
  says: string;
  told: number;
  changes: [number, number, number, string, string][];
}
type Message =
  | InfluenceMessage
  | RaceMessage
  | StartMessage
  | StepMessage
  | EndMessage
  | RecordingMessage
  | CompareMessage
  | WaitingMessage
  | LoadingMessage
  | KeptMessage
  | UnkeptMessage
  | NoticeMessage;

// ---- The page beside the player: form.js and library.js ----------------------------------------------------------------

/** What the form says. A knob left empty takes the checkpoint's default, a seed a random value. */
interface Form {
  prompt: string;
  knobs: Record<string, string | number | boolean | null>;
  /** What stands on the canvas before; missing for noise. */
  draft?: FormDraft;
}
type Way = "" | "template" | "revise";
type FormDraft = { template: string } | { revise: string; strength: number };
/** What it takes over from a checkpoint: `limits_of` in visualizer/page/form.py. */
interface Limits {
  defaults: Record<string, string | number | boolean>;
  ranges: Record<string, string>;
  unknown: string[];
  wordings: Wording[];
  beyond: boolean;
  templates: Template[];
}
/** An example of a text with blanks: visualizer/templates.py. */
interface Template {
  title: string;
  prompt: string;
  template: string;
}
/** A line to fill in: visualizer/wordings.py. */
interface Wording {
  line: string;
  text: string;
  budget: number;
  fields: Record<string, string | string[]>;
}
/** What the page asks for, see visualizer/page/answers.py. */
type Wish =
  | { do: "open"; id: string; first?: "yes" }
  | { do: "compare"; left: string; right: string }
  | { do: "influence"; id: string; state: number; place: number }
  | (RunWish & { id: string; instead: string });
type Verb = "throw back" | "hold" | "write" | "go on";
/** What is done to a run's canvas: visualizer/run/drafts.py. places: stretches over all blocks. */
interface Edit {
  from: string;
  do: Verb;
  state: number;
  places: [number, number][];
  text?: string;
}
/** A run, before it has an id. instead: the run that it takes the place of. */
type RunWish = ({ do: "denoise" } & Form) | { do: "denoise"; draft: Edit; knobs: Form["knobs"] } | { do: "race"; left: string } | { do: "again"; left: string; change: string; knobs: Form["knobs"] };
interface Window {
  denoiseLibrary: ReturnType<typeof createLibrary>;
  denoiseForm: ReturnType<typeof createForm>;
}

// ---- Runs: decode.js makes them ---------------------------------------------------------------------------------------

/** Further candidates of a position, of a live run two, and the step that they were sent with. */
interface Alternatives {
  step: number;
  ranked: Candidate[];
}
interface Candidate {
  id: number;
  level: number;
}
/** What moved at the step `at` when a token was held, by position. */
interface Influence {
  at: number;
  b: number;
  i: number;
  says: string;
  told: number;
  changes: Map<number, { before: number; after: number; was: string; is: string }>;
}
/** A canvas after one step. Arrays have an entry a position. */
interface Step {
  block: number;
  step: number;
  maxSteps: number;
  phase: Phase;
  temperature: number;
  elapsedMs: number;
  blockStartMs: number;
  maxEntropy: number;
  meanEntropy: number;
  length: number;
  /** The step before, in the same block. */
  before: Step | null;
  candidates: Uint32Array;
  cells: Uint8Array;
  /** What every position is part of: `SHARED.parts`. */
  parts: Uint8Array;
  /** Where the tail begins (`length`: there is none), and since which step it has begun there. */
  tail: number;
  tailSince: number;
  /** Accepted tokens that are not the candidate. */
  sampled: Map<number, number>;
  /** How many candidates are others than before. */
  moved: number;
  unchangedSteps: number;
  /** Positions of text, an answer's or a thought's, and how many of them are accepted. */
  texts: number;
  accepted: number;
  entropy: Uint8Array;
  probability: Uint8Array;
  /** How probable it is that the text has ended; null where that was not recorded. */
  ending: Uint8Array | null;
  alternatives: (Alternatives | null)[];
  /** Texts of positions where a character is split over tokens. */
  overrides: Record<number, string>;
  overrideCells: Record<number, number>;
  /** What the model reads where nothing is accepted; null where it was not sent. */
  noise: Map<number, number> | null;
  /** Since which step the position has held its token; 0 of noise. */
  since: Uint16Array;
  revisions: Uint16Array;
}
interface Run {
  id: string | undefined;
  /** The id by which the page finds it; empty where there is none. */
  source: string;
  /** The places, counted over all blocks, whose tokens were put there before the run and stay; and how that came. */
  held: Set<number>;
  origin: string;
  checkpoint: string;
  settings: Settings;
  prompt: string;
  startedAt: string;
  device: string;
  fingerprint: string;
  writing: Writing;
  recorded: boolean;
  checks: CheckCourse[];
  /** How many seeds were run to show this one; 0 where nobody chose. */
  chosenAmong: number;
  unlearned: string;
  nearest: [string, string];
  label: string;
  texts: Map<number, string>;
  /** Of special tokens, what is drawn for them. */
  signs: Map<number, string>;
  /** How wide texts are, where that is not one cell a UTF-16 unit. */
  cells: Map<number, number>;
  trace: Step[];
  /** The newest step of every block; a page that was opened late lacks the first. */
  blockEnds: Step[];
  answer: string | null;
  /** By the step that brought them; few have one. */
  answers: (string | undefined)[];
  thoughts: (string | undefined)[];
  reason: Reason | null;
  problem: string;
  /** A plan of its time, one for every step; empty until its recording brings it. */
  shots: Shot[];
  /** What the whole run showed; a run that goes on has none. */
  report: ReportMessage | null;
  /** What a held token moves, once somebody has asked; whether somebody has, and waits. */
  influence: Influence | null;
  asking: boolean;
}
/** When a clock's moment begins, and the step that every run shows then (-1: none yet). */
interface Moment {
  ms: number;
  shown: number[];
}
type Pacing = "directed" | "equal" | "real";
/** How a step is shown by the plan of its recording. lit: positions; raw: noise as the tokens that the model reads. */
interface Shot {
  ms: number;
  caption: string;
  lit: Set<number>;
  raw: boolean;
}
/** A position of a run at a step. stretch: from and to before which it stands for others too, where it does. */
interface Place {
  run: Run;
  step: Step;
  i: number;
  stretch: [number, number] | null;
}

// ---- Pictures of positions: views.js makes looks, layouts.js places them ----------------------------------------------

type ViewName = "states" | "noise" | "confidence" | "order" | "revisions" | "influence";
type LayoutName = "flow" | "settled" | "grid";

/** What is drawn on top of a look: heat from 0 to 5, a number, whether that is always seen. */
interface Extras {
  heat?: number;
  number?: string;
  loud?: boolean;
}
interface LookBase extends Extras {
  classes: string;
}
/** A token. sign: stands for its text. folded: it stands for several, or is one of them; nothing: it is not to be seen. */
interface TextLook extends LookBase {
  text: string;
  sign?: string;
  folded?: boolean;
  nothing?: boolean;
}
/** Noise: so many cells of chip after a gap, and how sure its candidate is. */
interface ChipLook extends LookBase {
  text: null;
  gap: number;
  wide: number;
  sure: number;
}
type Look = TextLook | ChipLook;

/** denoised: of runs that were denoised only. */
interface LegendEntry {
  look?: Look;
  label: string;
  /** What the word, or the sample, means. */
  means: string;
  denoised?: boolean;
  /** Of runs whose canvas was written on only. */
  held?: boolean;
}
/** A choice that a button offers. */
interface Choice {
  title: string;
  about: string;
}
interface View extends Choice {
  look(run: Run, step: Step, i: number): Look;
  legend: LegendEntry[];
  numbers?: boolean;
  /** What a run's own says, in place of `about`. */
  says?(run: Run): string | undefined;
  /** How a run must have been written to have something to show here. */
  shows(run: Run): boolean;
}

/** A cell's place for good in the settled layout: the final text, and the room of its word. look: where nothing is seen. */
interface Final {
  text: string;
  room: number;
  isChip: boolean;
  look: Look | null;
}
/** A canvas block in the document. seam: what stands between it and the one before. */
interface Block {
  element: HTMLElement;
  seam: HTMLElement | null;
  cells: HTMLElement[];
  /** What every cell shows. */
  keys: string[];
  drawn: Step | null;
  view: string;
  lit: Set<number> | undefined;
  /** The first cell that may lag behind. */
  rest: number;
  /** From and to which cell nothing may lag behind; null before it has been looked for. */
  sight: [number, number] | null;
  /** After which cells a line ends. */
  breaks: boolean[];
  /** In the settled layout. */
  finals: Final[];
}
interface Layout extends Choice {
  /** Whether what is no text is folded (folds.js). */
  folds: boolean;
  /** Open a block. looks, cells: of its last step, and how wide their texts are. */
  open(block: Block, looks: Look[], cells: number[]): void;
  fill(cell: HTMLElement, look: Look, block: Block, i: number): void;
  arrange(block: Block): void;
}
interface ShowOptions {
  layout: LayoutName;
  view: ViewName;
  /** Positions of the step's block to which the eye is led. */
  lit?: Set<number>;
  /** Places, over all blocks, where a comparison ends with another token. */
  apart?: Set<number>;
}

// ---- The views inside a run: axis.js, heatmap.js, inside.js ------------------------------------------------------------

/** Where positions stand, from 0 to 1. cut: the first that is drawn narrower (`length`: none); key: tells axes apart. */
interface Axis {
  length: number;
  cut: number;
  key: string;
  at(i: number): number;
  positionAt(share: number): number;
}
type InsideView = "map" | "table" | "curves";
type MapInk = "settled" | "entropy" | "state";
/** A step of a trace, and a position of its block. */
interface MapSpot {
  index: number;
  b: number;
  i: number;
}
interface InsideEvents {
  onGo(index: number): void;
  onChoose(b: number, i: number): void;
  onSay(words: string): void;
  onChange(): void;
}

// ---- Parts of the player ----------------------------------------------------------------------------------------------

interface PaneOptions extends ShowOptions {
  /** The token of this run that is looked at. */
  chosen: { b: number; i: number } | null;
  /** How the step is directed. */
  shot: Shot | undefined;
  /** Whether this is the run's last step so far. */
  atEnd: boolean;
  /** Places of the steps on the track, and of the clock, from 0 to 1. */
  xs: number[];
  share: number;
}
/** A piece of an answer in a comparison. */
interface Piece {
  text: string;
  differs: boolean;
}
interface FigureBase {
  value: string;
  name: string;
  about: string;
}
interface Figure extends FigureBase {
  /** In the line of all figures; empty where it has no place there. */
  brief: string;
}
interface Player {
  receive(json: string): void;
  /** Have the first run on show go on from the step that is shown. */
  runOn(): void;
  destroy(): void;
}
/** What the page does for the player; a page that runs nothing does nothing. */
interface PlayerPage {
  /** Ask for a run of what was done to another's canvas. refused: hears why that cannot be. */
  write(edit: Edit, deed: string, refused: (sentence: string) => void): void;
  /** The run that one was made of, and what was done; nothing where the page does not know. */
  parentOf(run: string): { id: string; deed: string } | null;
  /** Show the run that one was made of. */
  undo(run: string): void;
  /** Ask what the token at a place of the run on show would have moved, had it been held before a step. */
  influence(state: number, place: number): void;
}
type Influencer = ReturnType<typeof influences.createInfluence>;
type Canvas = ReturnType<typeof canvases.createCanvas>;
type Pane = ReturnType<typeof panes.createPane>;
/** A cell by where it stands, which outlives the cell. */
interface Spot {
  pane: Pane;
  b: number;
  i: number;
}
