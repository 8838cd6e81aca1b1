import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/views.css';
import { App } from './app.tsx';

const place = document.getElementById('console');
if (place !== null) {
  place.replaceChildren();
  render(<App />, place);
}
