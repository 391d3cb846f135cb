// Which address shows which page. Only pages that exist are here.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy } from "react";
import { createBrowserRouter, isRouteErrorResponse, Link, useRouteError } from "react-router";
import { RouterProvider } from "react-router/dom";
import { Refused } from "./api/client";
import { ChangesPage } from "./pages/changes/changes-page";
import { ClusterPage } from "./pages/fleet/cluster-page";
import { FleetPage } from "./pages/fleet/fleet-page";
import { IncidentPage } from "./pages/incident/incident-page";
import { IncidentsPage } from "./pages/incidents/incidents-page";
import { OverviewPage } from "./pages/overview/overview-page";
import { Failure } from "./parts/failure";
import { Shell } from "./shell/shell";

// Pages nobody opens at two in the morning come when they are asked for.
const ExplorePage = lazy(async () => ({
  default: (await import("./pages/explore/explore-page")).ExplorePage,
}));
const ExecutionPage = lazy(async () => ({
  default: (await import("./pages/execution/execution-page")).ExecutionPage,
}));
const RunbooksPage = lazy(async () => ({
  default: (await import("./pages/runbooks/runbooks-page")).RunbooksPage,
}));
const RunbookPage = lazy(async () => ({
  default: (await import("./pages/runbooks/runbook-page")).RunbookPage,
}));
const PolicyPage = lazy(async () => ({
  default: (await import("./pages/policy/policy-page")).PolicyPage,
}));
const PartsPage = lazy(async () => ({ default: (await import("./pages/parts/parts-page")).PartsPage }));
const SettingsPage = lazy(async () => ({
  default: (await import("./pages/settings/settings-page")).SettingsPage,
}));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal will be the same again; only silence is worth another try.
      retry: (failures, error) => failures < 2 && error instanceof Refused && error.status === 0,
      staleTime: 5_000,
    },
  },
});

const router = createBrowserRouter([
  {
    path: "/",
    element: <Shell />,
    errorElement: <Broken />,
    children: [
      {
        errorElement: <Broken />,
        children: [
          { index: true, element: <OverviewPage /> },
          { path: "incidents", element: <IncidentsPage /> },
          { path: "incidents/:id", element: <IncidentPage /> },
          { path: "fleet", element: <FleetPage /> },
          { path: "fleet/:cluster", element: <ClusterPage /> },
          { path: "changes", element: <ChangesPage /> },
          { path: "explore", element: <ExplorePage /> },
          { path: "runbooks", element: <RunbooksPage /> },
          { path: "runbooks/:id", element: <RunbookPage /> },
          { path: "executions/:id", element: <ExecutionPage /> },
          { path: "parts", element: <PartsPage /> },
          { path: "policy", element: <PolicyPage /> },
          { path: "settings", element: <SettingsPage /> },
          { path: "*", element: <NoSuchPage /> },
        ],
      },
    ],
  },
]);

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}

function Broken() {
  const error = useRouteError();
  const shown = isRouteErrorResponse(error) ? new Error(`${error.status} ${error.statusText}`) : error;
  return (
    <div className="page">
      <h1>This page broke</h1>
      <Failure error={shown} retry={() => window.location.reload()} />
    </div>
  );
}

function NoSuchPage() {
  return (
    <div className="page">
      <h1>There is no such page</h1>
      <p className="second">
        The address may come from a newer Kronveil. <Link to="/">Go to the overview</Link>
      </p>
    </div>
  );
}
