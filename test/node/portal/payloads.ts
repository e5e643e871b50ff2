// What a stranger may write to make a browser run or fetch something: our own list, each way in each of its wrappings.

/** Nothing may ever ask this host. */
export const CANARY = "canary.invalid";

const RUN = `alert(1);fetch('//${CANARY}/r')`;

const WAYS = [
  `<script>${RUN}</script>`,
  `<script src="//${CANARY}/s.js"></script>`,
  `<img src=x onerror="${RUN}">`,
  `<img src="//${CANARY}/i.gif">`,
  `<img srcset="//${CANARY}/i2.gif 1x">`,
  `<svg onload="${RUN}"></svg>`,
  `<svg><script>${RUN}</script></svg>`,
  `<svg><image href="//${CANARY}/v.svg" /></svg>`,
  `<svg><use href="//${CANARY}/u.svg#a" /></svg>`,
  `<svg><animate onbegin="${RUN}" attributeName=x dur=1s></svg>`,
  `<body onload="${RUN}" background="//${CANARY}/b.gif">`,
  `<iframe src="javascript:${RUN}"></iframe>`,
  `<iframe srcdoc="&lt;script&gt;${RUN}&lt;/script&gt;"></iframe>`,
  `<object data="//${CANARY}/o.swf"></object>`,
  `<embed src="//${CANARY}/e.swf">`,
  `<link rel=stylesheet href="//${CANARY}/l.css">`,
  `<link rel=prefetch href="//${CANARY}/p"><link rel=preconnect href="//${CANARY}">`,
  `<style>@import "//${CANARY}/m.css";body{background:url(//${CANARY}/c.gif)}</style>`,
  `<p style="background:url(//${CANARY}/a.gif)">a</p>`,
  `<meta http-equiv=refresh content="0;url=//${CANARY}/f">`,
  `<base href="//${CANARY}/"><img src=rel.gif>`,
  `<video src="//${CANARY}/v.mp4" autoplay onerror="${RUN}"></video>`,
  `<audio src="//${CANARY}/a.mp3" autoplay></audio>`,
  `<input autofocus onfocus="${RUN}">`,
  `<details open ontoggle="${RUN}">a</details>`,
  `<form action="//${CANARY}/form"><button autofocus formaction="javascript:${RUN}">a</button></form>`,
  `<math><mtext><mglyph><style><img src=x onerror="${RUN}"></style></mglyph></mtext></math>`,
  `<noscript><p title="</noscript><img src=x onerror='${RUN}'>">`,
] as const;

/** Where a program might forget to escape: text, an attribute, a comment or a script. */
const WRAPPINGS = ["{}", `">{}`, `'>{}`, `--></title></textarea></style>{}`] as const;

export const PAYLOADS: readonly string[] = WRAPPINGS.flatMap((wrapping) =>
  WAYS.map((way) => wrapping.replace("{}", () => way)),
);
