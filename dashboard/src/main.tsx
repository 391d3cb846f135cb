// The console's first line: theme before the first paint, the stream, then the pages.
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { startLive } from "./live/start";
import { keepVisits } from "./live/visits";
import { showTheme } from "./shell/preferences";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/page.css";
import "./styles/overview.css";
import "./styles/first-run.css";
import "./styles/incidents.css";
import "./styles/incident.css";
import "./styles/fleet.css";
import "./styles/changes.css";
import "./styles/narrow.css";

showTheme();
startLive();
keepVisits();
const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
