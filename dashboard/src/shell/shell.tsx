// The frame every page stands in: navigation, trust, coverage, notices, and the status bar.
import {
  GitCommitVertical,
  Globe,
  House,
  Layers,
  Menu,
  Moon,
  Pause,
  Play,
  Search,
  Sun,
  TriangleAlert,
} from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link, NavLink, Outlet, useLocation, useNavigate } from "react-router";
import { useActiveRoots } from "../live/hooks";
import { useIndicator, useTrust, useWallClock } from "../live/pulse";
import { live, useLive } from "../live/store";
import { UndoOffer } from "../parts/undo";
import { clock, zoneName } from "../time/format";
import { AgentHealth } from "./agent-health";
import { CoverageLine } from "./coverage";
import { type Keys, useKeys } from "./keys";
import { LiveIndicator } from "./live-indicator";
import { Notices } from "./notices";
import { Palette } from "./palette";
import { BROWSER_ZONE, nextZone, prefer, toggleTheme, usePreferences } from "./preferences";
import { ShortcutHelp } from "./shortcut-help";
import { SignIn } from "./sign-in";
import { StatusBar } from "./status-bar";

export function Shell() {
  const navigate = useNavigate();
  const help = useRef<HTMLDialogElement>(null);
  const palette = useRef<HTMLDialogElement>(null);
  const [navOpen, setNavOpen] = useState(false);
  const { pathname } = useLocation();
  const { disconnected } = useTrust();
  const signIn = useLive((view) => view.link.signIn);
  const keys = useMemo<Keys>(
    () => ({
      go: (path) => navigate(path),
      pause: live.pause,
      zone: nextZone,
      help: () => help.current?.showModal(),
      palette: () => palette.current?.showModal(),
    }),
    [navigate],
  );
  useKeys(keys);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page closes the menu and starts at its top
  useEffect(() => {
    setNavOpen(false);
    document.getElementById("main")?.scrollTo(0, 0);
  }, [pathname]);
  return (
    <div
      className={`shell${navOpen ? " nav-open" : ""}`}
      data-trust={disconnected ? "disconnected" : "fresh"}
    >
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <Navigation />
      <button
        type="button"
        className="nav-backdrop"
        aria-label="Close the menu"
        onClick={() => setNavOpen(false)}
      />
      <div className="column">
        <TopBar keys={keys} navOpen={navOpen} toggleNav={() => setNavOpen(!navOpen)} />
        <Notices />
        <CoverageLine />
        <main id="main" tabIndex={-1}>
          {signIn ? <SignIn /> : <Outlet />}
        </main>
      </div>
      <UndoOffer />
      <StatusBar help={keys.help} />
      <ShortcutHelp dialog={help} />
      <Palette dialog={palette} />
    </div>
  );
}

function Navigation() {
  const known = useLive((view) => view.world.known);
  const active = useActiveRoots();
  const worst = active[0]?.severity ?? "info";
  return (
    <nav className="nav" aria-label="Pages">
      <Link to="/" className="brand">
        <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
          <rect width="32" height="32" rx="8" className="brand-mark" />
          <path d="M11 7v18M21.5 8 13 16l8.5 8.5" className="brand-stroke" />
        </svg>
        Kronveil
      </Link>
      <NavLink to="/" end>
        <House size={15} aria-hidden="true" /> Overview
      </NavLink>
      <NavLink to="/incidents">
        <TriangleAlert size={15} aria-hidden="true" /> Incidents
        {known && active.length > 0 && (
          <span className={`badge drains tone-${worst}`} title="Incidents that are not over">
            {active.length}
          </span>
        )}
      </NavLink>
      <NavLink to="/fleet">
        <Layers size={15} aria-hidden="true" /> Fleet
      </NavLink>
      <NavLink to="/changes">
        <GitCommitVertical size={15} aria-hidden="true" /> Changes
      </NavLink>
      <AgentHealth />
    </nav>
  );
}

function TopBar({ keys, navOpen, toggleNav }: { keys: Keys; navOpen: boolean; toggleNav: () => void }) {
  const state = useIndicator();
  const paused = useLive((view) => view.paused);
  const wentBy = useLive((view) => view.wentBy);
  return (
    <header className="topbar">
      <button
        type="button"
        className="icon-button menu"
        onClick={toggleNav}
        aria-expanded={navOpen}
        aria-label="Pages"
      >
        <Menu size={18} aria-hidden="true" />
      </button>
      <button type="button" className="search" onClick={keys.palette}>
        <Search size={14} aria-hidden="true" />
        <span>Find a page, an incident, a cluster</span>
        <kbd>Ctrl</kbd>
        <kbd>K</kbd>
      </button>
      <div className="topbar-end">
        {paused && wentBy > 0 && (
          <span className="second">
            {wentBy.toLocaleString("en-US")} {wentBy === 1 ? "event" : "events"} went by
          </span>
        )}
        <LiveIndicator />
        {(paused || state.word !== "Disconnected") && (
          <button
            type="button"
            className="icon-button"
            onClick={keys.pause}
            aria-pressed={paused}
            aria-label={paused ? "Resume live" : "Pause live"}
            title={paused ? "Resume live (l)" : "Pause live (l)"}
          >
            {paused ? <Play size={15} aria-hidden="true" /> : <Pause size={15} aria-hidden="true" />}
          </button>
        )}
        <ZoneClock />
        <ThemeButton />
      </div>
    </header>
  );
}

function ZoneClock() {
  const { zone } = usePreferences();
  const now = useWallClock();
  const zones = useMemo(() => {
    const all = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [];
    return all.filter((name) => name !== "UTC" && name !== BROWSER_ZONE);
  }, []);
  return (
    <label className="zone" title="Time zone of every time on this page (t)">
      <Globe size={14} aria-hidden="true" />
      <span>{zoneName(now, zone)}</span>
      <span className="mono">{clock(now, zone)}</span>
      <select
        aria-label="Time zone"
        value={zone}
        onChange={(change) => prefer({ zone: change.target.value })}
      >
        <option value="UTC">UTC</option>
        {BROWSER_ZONE !== "UTC" && <option value={BROWSER_ZONE}>{BROWSER_ZONE} (this browser)</option>}
        {zones.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function ThemeButton() {
  return (
    <button
      type="button"
      className="icon-button"
      onClick={toggleTheme}
      aria-label="Switch between dark and light"
    >
      <Sun size={15} className="when-dark" aria-hidden="true" />
      <Moon size={15} className="when-light" aria-hidden="true" />
    </button>
  );
}
