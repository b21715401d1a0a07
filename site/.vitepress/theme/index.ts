/** The default theme, with tables that fit reference pages. */
import DefaultTheme from 'vitepress/theme';
import './tables.css';

export default DefaultTheme;
