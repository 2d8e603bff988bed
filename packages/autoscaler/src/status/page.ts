import { styleText } from "node:util";
import type { ReadScaleSet, ReadStatus } from "./decode.js";
import { durationText } from "./durations.js";

export interface PageOptions {
  readonly colours: boolean;
  /** Lists each runner, too. */
  readonly runners: boolean;
}

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** A status for people, problems first: what is wrong, what to do, then demand against runners of each scale set. */
export function statusPage(status: ReadStatus, { colours, runners }: PageOptions): string {
  const paint: Paint = colours ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;
  const told = apart(status);
  return [
    headline(told, paint),
    ...problemLines(told, paint),
    "",
    ...table(told.scaleSets, paint),
    ...(runners ? told.scaleSets.flatMap((set) => runnerLines(set, paint)) : []),
  ].join("\n");
}

/** Names that scale sets of two organisations share stand with where each is. */
function apart(status: ReadStatus): ReadStatus {
  const places = new Map<string, Set<string>>();
  for (const { name, url = "" } of status.scaleSets) places.set(name, (places.get(name) ?? new Set()).add(url));
  const whole = (name: string, url: string | undefined): string =>
    url === undefined || (places.get(name)?.size ?? 0) < 2 ? name : `${name} (${url.replace(/^https?:\/\//, "")})`;
  return {
    ...status,
    scaleSets: status.scaleSets.map((set) => ({ ...set, name: whole(set.name, set.url) })),
    problems: status.problems.map((problem) =>
      problem.scaleSet === undefined ? problem : { ...problem, scaleSet: whole(problem.scaleSet, problem.url) },
    ),
  };
}

function headline(status: ReadStatus, paint: Paint): string {
  const parts = [
    `${paint("bold", "scaleset")} ${status.version}`,
    `owner ${status.owner}`,
    `up ${durationText(status.uptimeMs)}`,
    ...(status.state === "stopping" ? [paint("yellow", "stopping")] : []),
  ];
  return parts.join(" · ");
}

/** Errors and warnings; a notice stands with its scale set. */
export function standsInTheWay({ problems }: ReadStatus): ReadStatus["problems"] {
  return problems.filter(({ level }) => level !== "notice");
}

const MARKS = { error: ["red", "ERROR  "], warning: ["yellow", "WARNING"], notice: ["dim", "NOTE   "] } as const;

/** The same words about many scale sets are said once. */
function problemLines(status: ReadStatus, paint: Paint): string[] {
  const groups = new Map<string, { readonly problem: ReadStatus["problems"][number]; readonly sets: string[] }>();
  for (const problem of standsInTheWay(status)) {
    const key = `${problem.code}\n${problem.message}\n${problem.remedy}`;
    const group = groups.get(key) ?? { problem, sets: [] };
    groups.set(key, group);
    if (problem.scaleSet !== undefined) group.sets.push(problem.scaleSet);
  }
  if (groups.size === 0) return [paint("green", "all well")];
  return [...groups.values()].flatMap(({ problem, sets }) => {
    const [colour, mark] = MARKS[problem.level];
    const where = sets.length === 0 ? "" : `${few(sets)}: `;
    return [
      "",
      `${paint(colour, mark)} ${where}${problem.message}`,
      `        ${paint("bold", "do:")} ${problem.remedy}`,
    ];
  });
}

const NAMES_SHOWN = 5;

function few(names: readonly string[]): string {
  if (names.length <= NAMES_SHOWN) return names.join(", ");
  return `${names.slice(0, NAMES_SHOWN).join(", ")} and ${names.length - NAMES_SHOWN} more`;
}

const COLUMNS = [
  "SCALE SET",
  "STATE",
  "WAITING",
  "RUNNING",
  "RUNNERS",
  "BUSY",
  "UNKNOWN",
  "IDLE",
  "STARTING",
  "ENDING",
  "HEARD",
];
const UNKNOWN = COLUMNS.indexOf("UNKNOWN");
/** The first so many are words and stand left; the rest are numbers. */
const WORDS = 2;

/**
 * `WAITING` and `RUNNING` are jobs as the service counts them, the rest runners as we do. `RUNNERS`: live / most.
 * `UNKNOWN`, those that may have a job, stands only where there are some.
 */
function table(sets: readonly ReadScaleSet[], paint: Paint): string[] {
  if (sets.length === 0) return ["no scale sets yet"];
  const anyUnknown = sets.some(({ activities }) => activities.unknown > 0);
  const shown = (row: readonly string[]): readonly string[] => (anyUnknown ? row : row.toSpliced(UNKNOWN, 1));
  const titles = shown(COLUMNS);
  const rows = sets.map((set) => shown(cells(set)));
  if (sets.length > 1) rows.push(shown(sums(sets)));
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at < WORDS ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd();
  return [
    paint("bold", line(titles)),
    ...sets.flatMap((set, at) => [
      paintState(set, line(rows[at] ?? []), paint),
      ...because(set).map((why) => paint("dim", `  ${why}`)),
    ]),
    ...(sets.length > 1 ? [paint("bold", line(rows.at(-1) ?? []))] : []),
  ];
}

function cells(set: ReadScaleSet): string[] {
  const { reading, activities, session } = set;
  const heard = session.state === "held" ? session.answeredAgeMs : undefined;
  return [
    set.name,
    set.state,
    reading === undefined ? "–" : String(waiting(set)),
    reading === undefined ? "–" : String(reading.running),
    `${set.live}/${set.limits.share ?? set.limits.maxRunners}`,
    String(activities.busy),
    String(activities.unknown),
    String(activities.idle),
    String(activities.starting),
    String(activities.ending),
    heard === undefined ? "–" : durationText(heard),
  ];
}

function sums(sets: readonly ReadScaleSet[]): string[] {
  const sum = (count: (set: ReadScaleSet) => number): string =>
    String(sets.reduce((total, set) => total + count(set), 0));
  return [
    `${sets.length} scale sets`,
    "",
    sum(waiting),
    sum(({ reading }) => reading?.running ?? 0),
    sum(({ live }) => live),
    sum(({ activities }) => activities.busy),
    sum(({ activities }) => activities.unknown),
    sum(({ activities }) => activities.idle),
    sum(({ activities }) => activities.starting),
    sum(({ activities }) => activities.ending),
    "",
  ];
}

function waiting({ reading }: ReadScaleSet): number {
  return Math.max(0, (reading?.assigned ?? 0) - (reading?.running ?? 0));
}

function paintState(set: ReadScaleSet, line: string, paint: Paint): string {
  const worst = set.problems[0]?.level;
  if (worst === "error") return paint("red", line);
  return worst === "warning" ? paint("yellow", line) : line;
}

/** Why things are as they are, for a scale set where there is something to explain. */
function because(set: ReadScaleSet): string[] {
  if (set.session.state === "standby") return [`${set.session.holder ?? "somebody else"} holds its session`];
  if (set.state === "off") return ["its maxRunners is 0: it is not polled, and its jobs wait"];
  const quiet = set.assigned === 0 && set.live === 0 && set.target === 0 && set.state === "holding";
  const notices = set.problems.filter(({ level }) => level === "notice");
  const reasons = quiet ? [] : (set.lastDecision?.reasons ?? []).slice(0, 3);
  return [
    ...reasons,
    ...notices.map(({ message, remedy }) => `${message}; ${remedy}`),
    ...(set.foreign > 0 ? [`${set.foreign} more runners live on another machine`] : []),
  ];
}

const OUTPUT_LINES = 10;

function runnerLines(set: ReadScaleSet, paint: Paint): string[] {
  if (set.runnerList.length + set.failedRunners.length === 0) return [];
  const failed = set.failedRunners.flatMap(({ name, exitCode, output }) => [
    paint("yellow", `  ${name} did not come up (exit code ${exitCode ?? "unknown"}); it printed last:`),
    ...output
      .trimEnd()
      .split("\n")
      .slice(-OUTPUT_LINES)
      .map((line) => `    ${line}`),
  ]);
  return ["", paint("bold", set.name), ...livingLines(set), ...failed];
}

function livingLines(set: ReadScaleSet): string[] {
  const width = Math.max(0, ...set.runnerList.map(({ name }) => name.length));
  const lines = set.runnerList.map((runner) => {
    const job = runner.jobId === undefined ? "" : `job ${runner.jobId}`;
    const since = runner.jobAgeMs === undefined ? "" : `for ${durationText(runner.jobAgeMs)}`;
    const notes = [
      job,
      since,
      ...(runner.exitCode === undefined ? [] : [`exit code ${runner.exitCode}`]),
      ...(runner.attempts > 0 ? [`${runner.attempts} failed attempts`] : []),
      ...(runner.adopted ? ["adopted"] : []),
      ...(runner.oldSpec ? ["of an old spec"] : []),
    ].filter((note) => note !== "");
    return `  ${runner.name.padEnd(width)}  ${runner.activity.padEnd(8)}  ${runner.phase.padEnd(10)}  ${durationText(runner.ageMs).padStart(10)}  ${notes.join(", ")}`.trimEnd();
  });
  const more = set.runnersOmitted > 0 ? [`  and ${set.runnersOmitted} more`] : [];
  return [...lines, ...more];
}
