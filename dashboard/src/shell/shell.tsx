// The frame every page stands in: navigation, trust, coverage, notices, and the status bar.
import { Globe, Menu, Moon, Pause, Play, Search, Sun } from "lucide-react";
import { Suspense, useEffect, useMemo, useRef, useState } from "react";
import { Link, Outlet, useLocation, useNavigate } from "react-router";
import { useIndicator, useTrust, useWallClock } from "../live/pulse";
import { live, useLive } from "../live/store";
import { Loading } from "../parts/panel";
import { UndoOffer } from "../parts/undo";
import { clock, plural, zoneName } from "../time/format";
import { CoverageLine } from "./coverage";
import { type Keys, useKeys } from "./keys";
import { LiveIndicator } from "./live-indicator";
import { Navigation } from "./navigation";
import { Notices } from "./notices";
import { Palette } from "./palette";
import { nextZone, prefer, toggleTheme, usePreferences } from "./preferences";
import { ShortcutHelp } from "./shortcut-help";
import { SignIn } from "./sign-in";
import { StatusBar } from "./status-bar";
import { ZoneOptions } from "./zones";

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
          {signIn ? (
            <SignIn />
          ) : (
            <Suspense fallback={<Opening />}>
              <Outlet />
            </Suspense>
          )}
        </main>
      </div>
      <UndoOffer />
      <StatusBar help={keys.help} />
      <ShortcutHelp dialog={help} />
      <Palette dialog={palette} keys={keys} />
    </div>
  );
}

/** While the script of a page is on its way. */
const Opening = () => (
  <div className="page">
    <h1 className="visually-hidden">Opening the page</h1>
    <Loading what="the page" rows={8} />
  </div>
);

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
          <Link to="/explore" className="second" title="See them in Explore">
            {plural(wentBy, "event")} went by
          </Link>
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
        <ZoneOptions />
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
