// Before the first cluster: what is missing, ticked by what the agent itself has said.
import { Check, Copy, FlaskConical } from "lucide-react";
import { useState } from "react";
import { useIndicator } from "../../live/pulse";
import { useLive } from "../../live/store";
import { Shape } from "../../parts/shape";
import { count, duration } from "../../time/format";

const SNIPPET = `collectors:
  kubernetes:
    clusters:
      - name: my-cluster
        kubeconfig_path: /path/to/kubeconfig
        context: my-context
        namespaces: ["default"]
        poll_interval: 15s
`;

type Step = { done: boolean; title: string; fact: string };

export function FirstRun() {
  const steps = useSteps();
  const next = steps.findIndex((step) => !step.done);
  return (
    <div className="page first-run">
      <header>
        <h1>Nothing has been observed yet</h1>
        <p className="second">
          Kronveil shows only what its collectors have really seen, so this page is empty. Connect one cluster
          and it fills by itself.
        </p>
      </header>
      <section className="panel" aria-labelledby="steps">
        <header className="panel-head">
          <h2 id="steps">From install to first event</h2>
          <div className="aside quiet">
            {steps.filter((step) => step.done).length} of {steps.length}, ticked by the agent
          </div>
        </header>
        <ol className="steps">
          {steps.map((step, index) => (
            <li key={step.title} aria-current={index === next ? "step" : undefined}>
              {step.done ? (
                <Shape tone="ok" size={20} label="done" />
              ) : (
                <span className="step-number">{index + 1}</span>
              )}
              <div>
                <strong>{step.title}</strong>
                <p className="second">{step.fact}</p>
              </div>
              <span className="quiet">{step.done ? "done" : index === next ? "waiting for you" : ""}</span>
            </li>
          ))}
        </ol>
      </section>
      <Configure />
      <div className="to-come">
        <Placeholder title="Needs you" text="New incidents and silent clusters will queue here." />
        <Placeholder
          title="Fleet timeline"
          text="One lane for each cluster. Silence stays visible as silence."
        />
        <Placeholder title="Recovered" text="What is over, and how long it lasted." />
        <section className="panel lab-card" aria-labelledby="lab">
          <h2 id="lab">
            <FlaskConical size={15} aria-hidden="true" /> Only looking? Run the incident lab
          </h2>
          <p className="second">
            A simulated fleet in a separate data folder. A banner stays on every page, and nothing mixes with
            your data.
          </p>
          <Command text="kronveil demo" />
        </section>
      </div>
    </div>
  );
}

function Placeholder({ title, text }: { title: string; text: string }) {
  return (
    <section className="placeholder">
      <h2>{title}</h2>
      <p className="quiet">{text}</p>
    </section>
  );
}

function useSteps(): Step[] {
  const status = useLive((view) => view.world.status);
  const health = useLive((view) => view.world.health);
  const state = useIndicator();
  const store = health?.components.find((component) => component.name === "store");
  const events = status?.fleet.events ?? 0;
  const steps: Step[] = [
    {
      done: status !== null,
      title: "Agent is running",
      fact: status ? `version ${status.version}, up ${duration(status.uptime_s)}` : "no heartbeat yet",
    },
    {
      done: state.word === "Live",
      title: "This page is live",
      fact: state.word === "Live" ? "the stream is open" : `the stream says: ${state.word}`,
    },
    { done: false, title: "Configure a first cluster", fact: "kronveil init writes it from your kubeconfig" },
    {
      done: events > 0,
      title: "See the first real event",
      fact: `${count(events)} recorded since the first start`,
    },
  ];
  if (store) {
    const fact = store.message || `the agent calls it ${store.status}`;
    steps.splice(1, 0, { done: store.status === "healthy", title: "Store is writable", fact });
  }
  return steps;
}

function Configure() {
  return (
    <section className="panel configure" aria-labelledby="configure">
      <header className="panel-head">
        <h2 id="configure">Configure a first cluster</h2>
        <div className="aside quiet">read only by default</div>
      </header>
      <div className="configure-body">
        <p className="second">
          Add this to <code>kronveil.yaml</code>, or let <code>kronveil init</code> write it from your
          kubeconfig. Names and paths here are placeholders.
        </p>
        <div className="snippet">
          <pre>
            <code>{SNIPPET}</code>
          </pre>
          <CopyButton text={SNIPPET} />
        </div>
        <div className="commands">
          <div>
            <h3>Write it</h3>
            <Command text="kronveil init" />
          </div>
          <div>
            <h3>Check it</h3>
            <Command text="kronveil check" />
          </div>
          <div>
            <h3>Run it</h3>
            <Command text="kronveil up -c kronveil.yaml" />
          </div>
        </div>
        <p className="quiet">
          The agent needs get, list and watch on pods, nodes, namespaces, deployments, replica sets and
          events. It cannot read secrets.
        </p>
      </div>
    </section>
  );
}

function Command({ text }: { text: string }) {
  return (
    <div className="command">
      <code>{text}</code>
      <CopyButton text={text} />
    </div>
  );
}

function CopyButton({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Without a clipboard (plain HTTP, a refusal) the text can still be selected.
      setCopied(false);
    }
  };
  return (
    <button
      type="button"
      className="icon-button"
      onClick={copy}
      aria-label={copied ? "Copied" : `Copy ${text}`}
    >
      {copied ? <Check size={14} aria-hidden="true" /> : <Copy size={14} aria-hidden="true" />}
    </button>
  );
}
