import { createApp } from 'vue';
import { Playground } from './view/playground.ts';
import './view/style.css';

createApp(Playground).mount('#playground');
