import { processLock } from '@supabase/auth-js';
import type { Peer } from '../peer.ts';
import { supabase } from './supabase.ts';

/** `lock` is deprecated since 2.107 (the library warns once) and honoured until 3.0. */
export const peer: Peer = supabase('@supabase/auth-js, processLock', processLock);
