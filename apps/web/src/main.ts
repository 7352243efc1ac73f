/** Starts the page, isolated where that can be had. */
import { mount } from 'svelte';
import App from './App.svelte';
import { becomeIsolated } from './offline/service-worker-page.ts';
import './style.css';

if (!(await becomeIsolated())) mount(App, { target: document.querySelector('#app')! });
