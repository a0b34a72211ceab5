// Copies what the site shows out of the repository into pages/, with a page for each directory and source file.
// Arguments: the repository, its file names from standard input, one a line.
import fs from 'node:fs'
import path from 'node:path'

const repository = process.argv[2]
const pages = path.join(import.meta.dirname, 'pages')
const names = fs.readFileSync(0, 'utf8').split('\n').filter(Boolean)
const languages = { '.jsonc': 'jsonc', '.java': 'java', '.xml': 'xml', '.service': 'ini', '.py': 'python', '.tsv': 'txt' }

fs.rmSync(pages, { recursive: true, force: true })
for (const name of names) {
  const source = path.join(repository, name)
  if (name.endsWith('.md') || name.endsWith('.png')) {
    copy(source, path.join(pages, name))
  } else {
    copy(source, path.join(pages, 'public', name))
    const language = languages[path.extname(name)] ?? (path.extname(name) === '' ? 'txt' : null)
    if (language) {
      showFile(source, name, language)
    }
  }
}
copy(path.join(import.meta.dirname, 'index.md'), path.join(pages, 'index.md'))
for (const directory of ['docs/decisions', 'examples', 'vectors']) {
  list(directory)
}

/** The files of a directory, on its README's page or on one of their own; few of them with all below. */
function list(directory) {
  const inside = names.filter((name) => name.startsWith(directory + '/')).map((name) => name.slice(directory.length + 1))
  const isSmall = inside.length <= 20
  const directories = isSmall ? [] : [...new Set(inside.filter((name) => name.includes('/')).map((name) => name.split('/')[0]))]
  const files = inside.filter((name) => name !== 'README.md' && (isSmall || !name.includes('/')))
  const lines = directories.map((name) => `- [${name}/](./${name}/)`).concat(rows(directory, files)).join('\n')
  const readme = path.join(pages, directory, 'README.md')
  if (fs.existsSync(readme)) {
    fs.appendFileSync(readme, `\n## Files\n\n${lines}\n`)
  } else {
    write(path.join(pages, directory, 'index.md'), `# ${directory}\n\n${lines}\n`)
  }
  directories.forEach((name) => list(`${directory}/${name}`))
}

/** A row for the files of each name: NAME.md, NAME.json and NAME.elf.zst share one. */
function rows(directory, files) {
  const stem = (name) => name.replace(/\.(md|json|elf\.zst)$/, '')
  return [...new Set(files.map(stem))].map((name) => {
    const same = files.filter((file) => stem(file) === name)
    return same.length === 1
      ? `- ${link(directory, same[0], heading(directory, same[0]))}`
      : `- ${name}: ${same.map((file) => link(directory, file, file.slice(name.length + 1))).join(', ')}`
  })
}

function showFile(source, name, language) {
  const fence = '````'
  const text = fs.readFileSync(source, 'utf8')
  const download = path.basename(name)
  write(
    path.join(pages, name + '.md'),
    `---\nsearch: false\n---\n# ${name}\n\n<a href="./${download}" download>The file itself</a>\n\n${fence}${language}\n${text}\n${fence}\n`,
  )
}

function link(directory, name, text) {
  const isPage = name.endsWith('.md') || fs.existsSync(path.join(pages, directory, name + '.md'))
  return isPage ? `[${text}](./${name})` : `<a href="./${name}" download>${text}</a>`
}

function heading(directory, name) {
  const text = name.endsWith('.md') && fs.readFileSync(path.join(pages, directory, name), 'utf8')
  return text ? /^# (.*)$/m.exec(text)[1] : name
}

function copy(from, to) {
  fs.mkdirSync(path.dirname(to), { recursive: true })
  fs.copyFileSync(from, to)
}

function write(to, text) {
  fs.mkdirSync(path.dirname(to), { recursive: true })
  fs.writeFileSync(to, text)
}
