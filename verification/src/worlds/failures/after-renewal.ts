import type { Simulator } from "@scaleset/simulator";

/** A failure that begins with tokens being renewed, so that what strikes their making is met. */
export function afterRenewal<Stage extends { readonly simulator: Simulator }>(failure: {
  readonly name: string;
  strike(stage: Stage): Promise<void>;
}): { readonly name: string; strike(stage: Stage): Promise<void> } {
  return {
    name: failure.name,
    async strike(stage) {
      stage.simulator.revokeTokens("admin");
      stage.simulator.revokeTokens("queue");
      await failure.strike(stage);
    },
  };
}
