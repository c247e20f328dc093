declare module '*.css' {}

declare module '*?url' {
  const url: string;
  // biome-ignore lint/style/noDefaultExport: as Vite hands it out.
  export default url;
}
