export type {
  DockerInDockerOptions,
  DockerOptions,
  EngineOptions,
  MountOptions,
  PullPolicy,
  RegistryOptions,
} from "./options.js";
export { provisioner, provisioner as default } from "./provisioner.js";
