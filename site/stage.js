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
for (const directory of new Set(names.flatMap(parents))) {
  const there = path.join(pages, directory)
  if (!fs.existsSync(path.join(there, 'README.md'))) {
    write(path.join(there, 'index.md'), listing(directory))
  }
}

function parents(name) {
  const directory = path.dirname(name)
  return directory === '.' ? [] : [directory, ...parents(directory)]
}

function showFile(source, name, language) {
  const fence = '````'
  const text = fs.readFileSync(source, 'utf8')
  const download = path.basename(name)
  write(
    path.join(pages, name + '.md'),
    `# ${name}\n\n<a href="./${download}" download>The file itself</a>\n\n${fence}${language}\n${text}\n${fence}\n`,
  )
}

/** A line for each directory, and one for the files of each name: NAME.md, NAME.json and NAME.elf.zst share one. */
function listing(directory) {
  const inside = names.filter((name) => name.startsWith(directory + '/')).map((name) => name.slice(directory.length + 1))
  const directories = new Set(inside.filter((name) => name.includes('/')).map((name) => name.split('/')[0]))
  const files = inside.filter((name) => !name.includes('/'))
  const stems = new Set(files.map((name) => name.replace(/\.(md|json|elf\.zst)$/, '')))
  const lines = [...directories].map((name) => `- [${name}/](./${name}/)`)
  for (const stem of stems) {
    const same = files.filter((name) => name.replace(/\.(md|json|elf\.zst)$/, '') === stem)
    lines.push(
      same.length === 1
        ? `- ${link(directory, same[0], heading(directory, same[0]))}`
        : `- ${stem}: ${same.map((name) => link(directory, name, name.slice(stem.length + 1))).join(', ')}`,
    )
  }
  return `# ${directory}\n\n${lines.join('\n')}\n`
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
