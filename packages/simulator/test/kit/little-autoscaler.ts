import { type RunnerBehaviour, runSimulatedRunner, type Simulator, type VirtualClock } from "@scaleset/simulator";
import { jobMessages, type RawClient, type RawSession } from "../raw-client.js";

/** What the little autoscaler does wrong on purpose. */
export type Wrong =
  | "kills busy runners"
  | "destroys before it deregisters"
  | "launches more than it announced"
  | "never launches"
  | "asks for configs and starts nothing"
  | "starts each config twice"
  | "asks for the same name again"
  | "acknowledges what it has not seen"
  | "never acknowledges"
  | "walks away"
  | "closes its session and stays away"
  | "hammers at a conflict"
  | "announces its free slots"
  | "launches without a session"
  | "sends nonsense"
  | "starts outdated runners again and again";

interface Live {
  readonly name: string;
  readonly stop: AbortController;
  readonly kill: AbortController;
}

/** As small as an autoscaler can be that breaks none of the checks; with `wrong`, one that breaks one of them. */
export class LittleAutoscaler {
  readonly #it: { readonly client: RawClient; readonly clock: VirtualClock; readonly simulator: Simulator };
  readonly #wrong: Wrong | undefined;
  readonly #max: number;
  readonly #live = new Map<string, Live>();
  #names = 0;
  #ended = false;

  constructor(
    it: { readonly client: RawClient; readonly clock: VirtualClock; readonly simulator: Simulator },
    { wrong, max = 4 }: { readonly wrong?: Wrong | undefined; readonly max?: number } = {},
  ) {
    this.#it = it;
    this.#wrong = wrong;
    this.#max = max;
  }

  /** Works until the signal aborts; then it closes its session and lets its runners end. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#it;
    signal.addEventListener("abort", () => {
      this.#ended = true;
    });
    const setId = await client.createSet();
    if (this.#wrong === "launches without a session") await this.#launch(setId);
    if (this.#wrong === "sends nonsense") await client.sets("POST", "", { labels: "linux" });
    const session = await this.#open(setId);
    let last = 0;
    while (!signal.aborted) {
      const capacity = this.#wrong === "announces its free slots" ? this.#max - this.#live.size : this.#max;
      const remember = this.#wrong !== "never acknowledges";
      const answer = await client.poll(session, { last: remember ? last : 0, capacity, signal }).catch(() => undefined);
      if (answer === undefined) break;
      const demand = answer.status === 200 ? answer.body.statistics.totalAssignedJobs : await this.#demand(setId);
      await this.#scale(setId, demand);
      if (answer.status !== 200) continue;
      last = answer.body.messageId;
      if (this.#wrong === "walks away") return;
      if (this.#wrong === "never acknowledges") await clock.sleep(20_000, { signal }).catch(() => undefined);
      else await client.acknowledge(session, last);
      if (this.#wrong === "acknowledges what it has not seen") await client.acknowledge(session, last + 1);
      if (this.#wrong === "closes its session and stays away") break;
      if (
        this.#wrong === "kills busy runners" &&
        jobMessages(answer).some((job: { messageType: string }) => job.messageType === "JobStarted")
      )
        for (const { kill } of this.#live.values()) kill.abort(new Error("killed"));
    }
    await client.sets("DELETE", `/${setId}/sessions/${session.id}`);
    for (const { stop } of this.#live.values()) stop.abort(new Error("the end"));
  }

  async #open(setId: number): Promise<RawSession> {
    const { client, clock } = this.#it;
    if (this.#wrong === "hammers at a conflict") {
      await client.openSession(setId, "somebody else");
      for (let i = 0; i < 200; i++) {
        await client.openSession(setId);
        await clock.sleep(100);
      }
    }
    for (;;) {
      const session = await client.openSession(setId);
      if (session.id !== undefined) return session;
      await clock.sleep(10_000);
    }
  }

  async #demand(setId: number): Promise<number> {
    const { body } = await this.#it.client.sets("GET", `/${setId}`);
    return body.statistics.totalAssignedJobs;
  }

  async #scale(setId: number, demand: number): Promise<void> {
    if (this.#wrong === "never launches") return;
    // Its runners end at once, and each starts the next one.
    if (this.#wrong === "starts outdated runners again and again" && this.#names > 0) return;
    if (this.#wrong === "destroys before it deregisters" && demand === 0 && this.#live.size === 0) {
      await this.#launch(setId);
      await this.#it.clock.sleep(5_000);
    }
    const target = this.#wrong === "launches more than it announced" ? demand + this.#max : Math.min(this.#max, demand);
    while (this.#live.size < target) {
      await this.#launch(setId);
      if (this.#wrong === "starts outdated runners again and again") return;
    }
    const surplus = this.#live.size - target;
    for (const runner of [...this.#live.values()].slice(0, Math.max(0, surplus))) await this.#retire(runner);
  }

  async #launch(setId: number): Promise<void> {
    const { client, clock, simulator } = this.#it;
    this.#names += 1;
    const name = this.#wrong === "asks for the same name again" ? "r" : `r-${this.#names}`;
    const jitConfig = await client.jit(setId, name);
    const runner: Live = { name, stop: new AbortController(), kill: new AbortController() };
    this.#live.set(`${name}/${this.#names}`, runner);
    if (jitConfig === undefined || this.#wrong === "asks for configs and starts nothing") return;
    const behaviour: RunnerBehaviour = {
      usedTwice: this.#wrong === "starts each config twice",
      outdated: this.#wrong === "starts outdated runners again and again",
    };
    const key = `${name}/${this.#names}`;
    void runSimulatedRunner({
      jitConfig,
      fetch: simulator.fetch,
      clock,
      behaviour,
      signal: runner.stop.signal,
      kill: runner.kill.signal,
    }).then(async () => {
      this.#live.delete(key);
      await this.#deregister(name);
      if (this.#wrong !== "starts outdated runners again and again" || this.#ended) return;
      await clock.sleep(2_000);
      await this.#launch(setId);
    });
  }

  async #retire(runner: Live): Promise<void> {
    if (this.#wrong === "destroys before it deregisters") {
      runner.stop.abort(new Error("not needed"));
      await this.#it.clock.sleep(1_000);
      return;
    }
    if (await this.#deregister(runner.name)) runner.stop.abort(new Error("not needed"));
  }

  async #deregister(name: string): Promise<boolean> {
    const { body } = await this.#it.client.agents("GET", `?agentName=${name}`);
    const id = body.value[0]?.id;
    if (id === undefined) return true;
    const { status } = await this.#it.client.agents("DELETE", `/${id}`);
    return status === 204;
  }
}
