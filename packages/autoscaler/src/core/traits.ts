/** What the core knows of where its runners live. */
export interface Traits {
  /** Time a started runner may take to come online. */
  readonly bootDeadlineMs: number;
  /** False where an instance can end without anybody seeing it. */
  readonly observesExit: boolean;
  /** `host`: runners on another machine can't be seen from here. */
  readonly scope: "host" | "shared";
  /** Hash of what runners are made from now. */
  readonly spec: string;
  /** Where new ones are made: one of the places whose lists come in. */
  readonly place: string;
}
