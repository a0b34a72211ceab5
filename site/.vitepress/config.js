import fs from 'node:fs'
import path from 'node:path'
import { slug } from 'github-slugger'
import { defineConfig } from 'vitepress'
import sidebar from './sidebar.js'

const pages = path.resolve(import.meta.dirname, '../pages')

export default defineConfig({
  title: 'kho4j',
  description: 'Linux Kexec Handover in Java: read, check, write and convert handovers',
  lang: 'en',
  srcDir: 'pages',
  outDir: 'html',
  metaChunk: true,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    // Anchors are those of the repository's view of the same page.
    anchor: { slugify: slug },
    config: repositoryMarkdown,
  },
  themeConfig: {
    nav: [
      { text: 'Tasks', link: '/docs/tasks/README', activeMatch: '/docs/tasks/' },
      { text: 'Commands', link: '/docs/cli' },
      { text: 'Contract', link: '/docs/abi/README', activeMatch: '/docs/abi/' },
      { text: 'Java', link: '/docs/engine' },
      { text: 'Javadoc', link: '/javadoc/index.html', target: '_self' },
      { text: 'Glossary', link: '/docs/glossary' },
    ],
    sidebar: sidebar(pages),
    outline: [2, 3],
    search: { provider: 'local', options: { miniSearch: { options: { tokenize }, searchOptions: { combineWith: 'AND' } } } },
    externalLinkIcon: true,
    footer: { message: 'Apache-2.0, the kho4j authors' },
  },
  vite: { build: { chunkSizeWarningLimit: 4000 } },
})

/** Words, with the parts of names such as `--setup-data`, `kho_vmalloc` and `MAP-004` beside the whole. */
function tokenize(text) {
  const words = text.split(/[\s\p{P}]+/u)
  const names = text.match(/[\p{L}\p{N}]+(?:[-_.][\p{L}\p{N}]+)+/gu) ?? []
  return words.concat(names)
}

function repositoryMarkdown(md) {
  // Blocks without a language look like those with one.
  md.renderer.rules.code_block = (tokens, index, ...rest) => {
    tokens[index].info = 'txt'
    return md.renderer.rules.fence(tokens, index, ...rest)
  }
  // A wide table scrolls in a box of its own.
  md.renderer.rules.table_open = () => '<div class="wide" tabindex="0"><table>\n'
  md.renderer.rules.table_close = () => '</table></div>\n'
  // A link to a directory or a file of the repository leads to the page that shows it.
  md.core.ruler.push('repository-links', (state) => {
    for (const block of state.tokens) {
      for (const token of block.children ?? []) {
        if (token.type === 'link_open') {
          token.attrSet('href', shown(token.attrGet('href'), state.env.path))
        }
      }
    }
  })
}

function shown(href, page) {
  const [target, anchor] = href.split('#')
  if (target === '' || /^[a-z]+:|^\//.test(target)) {
    return href
  }
  const file = path.resolve(path.dirname(page), target)
  const candidates = ['/README.md', '/index.md', '.md'].map((end) => file.replace(/\/$/, '') + end)
  const shows = fs.existsSync(file) && fs.statSync(file).isFile() ? file : candidates.find((c) => fs.existsSync(c))
  if (!shows) {
    return href
  }
  const relative = path.relative(path.dirname(page), shows)
  return (relative.startsWith('.') ? relative : './' + relative) + (anchor ? '#' + anchor : '')
}
