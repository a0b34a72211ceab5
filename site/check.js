// Checks the site in a directory, without the network: each link has its file and its anchor, each page can be
// reached from the start page, and has a way back to it.
import fs from 'node:fs'
import path from 'node:path'
import { Parser } from 'htmlparser2'

const site = path.resolve(process.argv[2])
const pages = new Map()
for (const name of fs.readdirSync(site, { recursive: true })) {
  if (name.endsWith('.html') && name !== '404.html') {
    pages.set(path.join(site, name), read(path.join(site, name)))
  }
}
const complaints = []
let count = 0
for (const [file, page] of pages) {
  for (const { href, target, anchor } of page.links) {
    count++
    if (!fs.existsSync(target)) {
      complaints.push(`${path.relative(site, file)}: ${href}: no such file`)
    } else if (anchor && pages.has(target) && !pages.get(target).anchors.has(anchor)) {
      complaints.push(`${path.relative(site, file)}: ${href}: no such anchor`)
    }
  }
}
const start = path.join(site, 'index.html')
const reached = reachable(start)
for (const [file, page] of pages) {
  const name = path.relative(site, file)
  if (!reached.has(file) && !name.startsWith('javadoc/')) {
    complaints.push(`${name}: no page leads there`)
  }
  if (file !== start && !page.refresh && !page.links.some(({ target }) => target === start)) {
    complaints.push(`${name}: has no way back to the start page`)
  }
}
complaints.forEach((complaint) => console.error(complaint))
console.log(`${pages.size} pages, ${count} links, ${complaints.length} complaints`)
process.exit(complaints.length === 0 ? 0 : 1)

function read(file) {
  const links = []
  const anchors = new Set()
  let refresh = false
  const parser = new Parser({
    onopentag(name, attributes) {
      for (const anchor of [attributes.id, name === 'a' ? attributes.name : undefined]) {
        if (anchor) {
          anchors.add(anchor)
        }
      }
      refresh ||= name === 'meta' && attributes['http-equiv']?.toLowerCase() === 'refresh'
      const href = attributes.href ?? attributes.src
      if (href !== undefined && !/^[a-z][a-z0-9+.-]*:|^\/\//i.test(href)) {
        links.push({ href, ...resolve(file, href) })
      }
    },
  })
  parser.end(fs.readFileSync(file, 'utf8'))
  return { links, anchors, refresh }
}

function resolve(file, href) {
  const [location, anchor = ''] = href.split('#')
  const relative = decodeURIComponent(location.split('?')[0])
  const there = relative === '' ? file : relative.startsWith('/') ? path.join(site, relative) : path.resolve(path.dirname(file), relative)
  const isDirectory = there.endsWith(path.sep) || (fs.existsSync(there) && fs.statSync(there).isDirectory())
  return { target: isDirectory ? path.join(there, 'index.html') : there, anchor: decodeURIComponent(anchor) }
}

function reachable(from) {
  const seen = new Set([from])
  for (const file of seen) {
    for (const { target } of pages.get(file)?.links ?? []) {
      seen.add(target)
    }
  }
  return seen
}
