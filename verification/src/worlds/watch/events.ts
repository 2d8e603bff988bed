import type { AutoscalerPorts } from "@scaleset/autoscaler";

/** An answer of the service, as it stood on the line. */
export interface Answered {
  readonly status: number;
  readonly body: string | undefined;
}

type Observer = NonNullable<AutoscalerPorts["observer"]>;

export type DecisionEvent = Parameters<NonNullable<Observer["onDecision"]>>[0];
