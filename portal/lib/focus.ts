// Keeps the keyboard where it was: when what has the focus is taken away (a row that was deleted, a button that is
// no more), what was around it gets the focus, not the top of the page.

/** Watches until the answer is called. `main` gets the focus when nothing nearer is left. */
export function keepFocus(main: HTMLElement): () => void {
  // What has the focus, and what it stands in, from the inside out.
  let around: readonly Element[] = [];
  const isNowhere = (): boolean => document.activeElement === document.body;
  const note = ({ target }: Event): void => {
    around = target instanceof Element ? ancestors(target) : [];
  };
  // Somebody who clicks beside everything leaves it; what is taken away does not leave by itself.
  const leave = (): void =>
    queueMicrotask(() => {
      if (isNowhere() && around[0]?.isConnected) around = [];
    });
  const keep = (): void => {
    if (!isNowhere() || around.length === 0 || around[0]?.isConnected) return;
    const place = around.find((one) => one.isConnected && one.matches(PLACES)) ?? main;
    if (!(place instanceof HTMLElement)) return;
    if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(keep);
  observer.observe(main, { childList: true, subtree: true });
  document.addEventListener("focusin", note);
  document.addEventListener("focusout", leave);
  return () => {
    observer.disconnect();
    document.removeEventListener("focusin", note);
    document.removeEventListener("focusout", leave);
  };
}

/** What has a name to tell where the keyboard is: a table, a section, a form. */
const PLACES = "[tabindex], section[aria-labelledby], form[aria-label]";

function ancestors(element: Element): readonly Element[] {
  const above = element.parentElement;
  return above === null ? [element] : [element, ...ancestors(above)];
}
