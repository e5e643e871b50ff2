/** Settings to copy: what goes into which file of one program. */
export type Snippet = { readonly program: string; readonly file: string; readonly text: string };
