// What a cluster holds now, in a chunk of its own: pages that only look at how it stands do not wait for it.
import "../../../styles/inventory.css";

export { Pods } from "./pods";
export { Workloads } from "./workloads";
