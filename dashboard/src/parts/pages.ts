// What every list of the agent's has: pages by cursor, the reader's filters in the address, and what goes wrong with either.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { useSearchParams } from "react-router";

type Page<Row> = { items: Row[]; next_cursor: string | null };

export type Pages<Row, Of extends Page<Row> = Page<Row>> = {
  /** Everything listed so far; undefined before the first answer. */
  listed: readonly Row[] | undefined;
  first: Of | undefined;
  error: unknown;
  retry: () => void;
  more: boolean;
  fetchMore: () => void;
  /** Every page that is left. */
  fetchAll: () => Promise<void>;
  fetchingMore: boolean;
  /** Nothing has answered this filter yet: rows that are listed are those of the filter before, and counted nowhere. */
  isReading: boolean;
  /** When the newest answer came, by this page's clock; 0 before the first. */
  answeredAt: number;
};

/** `asked` names the list; the stream keeps its head fresh, so pages are not fetched again by themselves. */
export function usePages<Row, Of extends Page<Row>>(
  asked: readonly unknown[],
  fetchPage: (cursor: { cursor: string } | object) => Promise<Of>,
  /** For what the stream tells nothing of: a list of one page is asked for again after so long. */
  renewMs?: number,
): Pages<Row, Of> {
  const pages = useInfiniteQuery({
    queryKey: asked,
    queryFn: ({ pageParam }) => fetchPage(pageParam ? { cursor: pageParam } : {}),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    // Another filter of the same list: its old rows stay until the new ones are here.
    placeholderData: (before, asking) =>
      asking?.queryKey[0] === asked[0] && asking?.queryKey[1] === asked[1] ? before : undefined,
    refetchInterval: ({ state }) => (state.data?.pages.length === 1 && renewMs) || false,
  });
  return {
    listed: pages.data?.pages.flatMap((page) => page.items),
    first: pages.isPlaceholderData ? undefined : pages.data?.pages[0],
    // The stream keeps what is listed good when asking for it anew fails; what it tells nothing of only grows old.
    error: renewMs || pages.data === undefined || pages.isFetchNextPageError ? pages.error : null,
    retry: () => void pages.refetch(),
    more: pages.hasNextPage,
    fetchMore: () => {
      if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
    },
    fetchAll: async () => {
      let left = pages.hasNextPage;
      while (left) {
        const { hasNextPage, isError } = await pages.fetchNextPage({ cancelRefetch: false });
        left = hasNextPage && !isError;
      }
    },
    fetchingMore: pages.isFetchingNextPage,
    isReading: pages.isPlaceholderData || pages.isPending,
    answeredAt: pages.dataUpdatedAt,
  };
}

/** The filters in the address; a filter that is typed replaces its entry in the history, so that Back leaves the list. */
export function useAddress<Query extends Record<string, string>>(typed: keyof Query) {
  const [search, setSearch] = useSearchParams();
  const change = useCallback(
    (changes: Partial<Query>) => {
      setSearch(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [key, value] of Object.entries(changes)) {
            if (value) next.set(key, value);
            else next.delete(key);
          }
          return next;
        },
        { replace: typed in changes },
      );
    },
    [setSearch, typed],
  );
  return { search, change };
}
