import { slug } from 'github-slugger';
import { defineConfig, type Plugin } from 'vitepress';
import { contents } from '../src/contents.ts';
import { descriptionOf } from '../src/description.ts';
import { diagrams } from '../src/diagrams.ts';
import { highlightOnce } from '../src/highlight-once.ts';
import { repositoryLinks } from '../src/links.ts';
import { literalCode } from '../src/literal-code.ts';
import { writeForModels } from '../src/llms.ts';
import { otherMarkdown, pages } from '../src/pages.ts';
import { homepage, inRepository, repository, samplesFolder, siteFolder } from '../src/repository.ts';
import { leftOut, onlySamples } from '../src/samples.ts';

const known = pages();

/** The site's icon: a key. */
const icon = [
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#3451b2" stroke-width="2">',
  '<circle cx="5" cy="8" r="3"/><path d="M8 8h7v3m-3-3v2"/></svg>',
].join('');

/** Pages lie outside this package, so rendering them would not find this package's `vue`. */
const vueFromHere: Plugin = {
  name: 'vue-from-here',
  enforce: 'pre',
  resolveId: (id, _importer, { ssr }) =>
    ssr === true && /^vue(\/|$)/.test(id) ? { id, external: true } : undefined,
};

export default defineConfig({
  title: 'Auth clients',
  description: 'Logging in to APIs whose tokens come from a username and a password.',
  lang: 'en',
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }]],
  srcDir: inRepository(),
  srcExclude: [...otherMarkdown(), ...(onlySamples ? leftOut() : [])],
  ignoreDeadLinks: onlySamples,
  outDir: inRepository(onlySamples ? samplesFolder : siteFolder),
  rewrites: Object.fromEntries(known),
  sitemap: { hostname: homepage },
  transformPageData: ({ description, filePath, frontmatter }) => ({
    description: description || descriptionOf(filePath),
    // The table of nine libraries needs the whole width.
    frontmatter: filePath === 'docs/comparison.md' ? { aside: false, ...frontmatter } : frontmatter,
  }),
  buildEnd: onlySamples ? () => {} : writeForModels,
  // A line break between two words in bold and a link is a space.
  vue: { template: { compilerOptions: { whitespace: 'preserve' } } },
  vite: {
    plugins: [vueFromHere],
    build: {
      // The search index is one chunk of some 1,000 kB, loaded when a reader searches.
      chunkSizeWarningLimit: 1_250,
      // The emulator's server: in a browser nobody starts it.
      rollupOptions: {
        external: [/^@hono\/node-server/],
        // zod has comments that Rollup takes for annotations.
        onwarn: (warning, warn) => {
          if (warning.code !== 'INVALID_ANNOTATION') warn(warning);
        },
      },
    },
  },
  markdown: {
    // Comments have enough contrast in these themes; in the default themes they hardly do.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-default' },
    // The same fragments as on a code host, so that links to them work in both places.
    anchor: { slugify: slug },
    config: (markdown) => {
      repositoryLinks(markdown, known);
      diagrams(markdown);
      highlightOnce(markdown);
      literalCode(markdown);
    },
  },
  themeConfig: {
    sidebar: contents(),
    outline: [2, 3],
    search: {
      provider: 'local',
      // What is seen on the button is part of its name.
      options: { translations: { button: { buttonText: 'Search', buttonAriaLabel: 'Search K' } } },
    },
    nav: [
      { text: 'Documentation', link: '/contents' },
      { text: 'Playground', link: '/playground' },
      { text: 'Errors', link: '/errors' },
      { text: 'API reference', link: '/reference/' },
    ],
    editLink: {
      pattern: `${repository}/blob/main/:path`,
      text: 'Edit this page',
    },
  },
});
