// Makes of a message's HTML a page for a sandboxed frame. The frame has no scripts and no origin of ours, and its policy
// lets nothing be fetched but, when asked for, images. The portal's own policy allows no inline style, and a frame
// inherits it: so all styles of the mail go into one style sheet of its own, as a data: URL.

/** What may not even stand in the page: it fetches, redirects, or submits. */
const REFUSED = "script,link,meta,base,iframe,frame,object,embed,portal,template";

export type FrameOptions = { readonly withImages: boolean };

/** The page for `srcdoc`. */
export function framePage(html: string, { withImages }: FrameOptions): string {
  // A document of this kind runs nothing and fetches nothing.
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const element of page.querySelectorAll(REFUSED)) element.remove();
  const css = stylesOf(page);
  const images = withImages ? "data: https:" : "data:";
  const policy = page.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = `default-src 'none'; style-src data:; img-src ${images}; form-action 'none'`;
  const sheet = page.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = `data:text/css;charset=utf-8,${encodeURIComponent(css)}`;
  const referrer = page.createElement("meta");
  referrer.name = "referrer";
  referrer.content = "no-referrer";
  page.head.prepend(policy, referrer, sheet);
  return `<!doctype html>${page.documentElement.outerHTML}`;
}

/** Takes all styles out of a page: sheets as they are, attributes as rules for a mark on their element. */
function stylesOf(page: Document): string {
  const sheets = [...page.querySelectorAll("style")].map((style) => style.textContent);
  for (const style of page.querySelectorAll("style")) style.remove();
  const rules = [...page.querySelectorAll("[style]")].map((element, index) => {
    const declarations = element.getAttribute("style") ?? "";
    element.removeAttribute("style");
    element.setAttribute("data-style", String(index));
    // A brace would end the rule early: such a style is none that a browser understands.
    if (/[{}]/.test(declarations)) return "";
    return `[data-style="${index}"]{${declarations.replaceAll(/!\s*important/gi, "")}}`;
  });
  return ["body{background:#fff;color:#000;font-family:sans-serif}", ...sheets, ...rules].join(
    "\n",
  );
}
