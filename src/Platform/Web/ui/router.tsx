import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react';

const moved = 'events:moved';

/** Goes to a page of this site without loading it anew. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (options.replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  window.dispatchEvent(new Event(moved));
  window.scrollTo(0, 0);
}

function listen(changed: () => void): () => void {
  window.addEventListener('popstate', changed);
  window.addEventListener('hashchange', changed);
  window.addEventListener(moved, changed);
  return () => {
    window.removeEventListener('popstate', changed);
    window.removeEventListener('hashchange', changed);
    window.removeEventListener(moved, changed);
  };
}

export function usePath(): string {
  return useSyncExternalStore(listen, () => location.pathname);
}

/** A value of the fragment, like `key` of `#key=…`: secrets travel there, since no server sees it. */
export function useFragment(name: string): string | null {
  return useSyncExternalStore(listen, () => new URLSearchParams(location.hash.slice(1)).get(name));
}

/** The named parts of a path by a pattern such as `/e/:slug`, or null. */
export function match<const Pattern extends string>(pattern: Pattern, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.replace(/(?<=.)\/+$/, '').split('/');
  if (wanted.length !== given.length) return null;
  const parts: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) {
      try {
        parts[part.slice(1)] = decodeURIComponent(value);
      } catch {
        return null; // "%zz" is no page of ours
      }
    } else if (part !== value) {
      return null;
    }
  }
  return parts;
}

/** A link within the site. Modified clicks stay the browser's. */
export function Link({ href, onClick, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href);
  };
  return <a href={href} onClick={follow} {...rest} />;
}
