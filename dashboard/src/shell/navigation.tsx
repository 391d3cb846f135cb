// The pages, with what is open counted beside them; below, how the agent is and who the reader is to it.
import {
  BookOpenCheck,
  ChartSpline,
  CircleUserRound,
  GitCommitVertical,
  House,
  Layers,
  type LucideIcon,
  Plug,
  ShieldCheck,
  SlidersHorizontal,
  TriangleAlert,
} from "lucide-react";
import type { ReactNode } from "react";
import { Link, NavLink } from "react-router";
import { useActiveRoots } from "../live/hooks";
import { rankOf, useMe } from "../live/me";
import { useWaiting } from "../live/runs";
import { useLive } from "../live/store";
import { AgentHealth } from "./agent-health";

export function Navigation() {
  return (
    <nav className="nav" aria-label="Pages">
      <Link to="/" className="brand">
        <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
          <rect width="32" height="32" rx="8" className="brand-mark" />
          <path d="M11 7v18M21.5 8 13 16l8.5 8.5" className="brand-stroke" />
        </svg>
        Kronveil
      </Link>
      <Place to="/" icon={House} name="Overview" />
      <Place to="/incidents" icon={TriangleAlert} name="Incidents">
        <OpenIncidents />
      </Place>
      <Place to="/fleet" icon={Layers} name="Fleet" />
      <Place to="/explore" icon={ChartSpline} name="Explore" />
      <Place to="/changes" icon={GitCommitVertical} name="Changes" />
      <Place to="/runbooks" icon={BookOpenCheck} name="Runbooks">
        <WaitingPlans />
      </Place>
      <p className="nav-group">System</p>
      <Place to="/parts" icon={Plug} name="Parts" />
      <Place to="/policy" icon={ShieldCheck} name="Policy & Audit" />
      <Place to="/settings" icon={SlidersHorizontal} name="Settings" />
      <div className="nav-foot">
        <AgentHealth />
        <You />
      </div>
    </nav>
  );
}

function Place(props: { to: string; icon: LucideIcon; name: string; children?: ReactNode }) {
  return (
    <NavLink to={props.to} end={props.to === "/"}>
      <props.icon size={15} aria-hidden="true" /> {props.name}
      {props.children}
    </NavLink>
  );
}

function OpenIncidents() {
  const known = useLive((view) => view.world.known);
  const active = useActiveRoots();
  const worst = active[0]?.severity ?? "info";
  if (!known || active.length === 0) return null;
  return (
    <span className={`badge drains tone-${worst}`} title="Incidents that are not over">
      {active.length}
    </span>
  );
}

function WaitingPlans() {
  const waiting = useWaiting();
  if (waiting.length === 0) return null;
  return (
    <span className="badge drains tone-wait" title="Plans that wait for approval">
      {waiting.length}
    </span>
  );
}

function You() {
  const me = useMe();
  if (!me) return null;
  return (
    <p className="you" title={me.roles.join(", ")}>
      <CircleUserRound size={15} aria-hidden="true" />
      <span className="clip">{me.name}</span>
      <span className="quiet">{rankOf(me)}</span>
    </p>
  );
}
