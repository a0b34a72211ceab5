import DefaultTheme from 'vitepress/theme-without-fonts'
import './style.css'

export default {
  extends: DefaultTheme,
  enhanceApp({ router }) {
    if (typeof window !== 'undefined') {
      window.addEventListener('hashchange', unfold)
      router.onAfterRouteChange = () => setTimeout(unfold)
    }
  },
}

/** Opens the folded details around the target of a link, and shows the target. */
function unfold() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  const folded = target?.closest('details:not([open])')
  if (folded) {
    folded.open = true
    target.scrollIntoView()
  }
}
