//! Writes claims in their one canonical encoding.

use alloc::vec::Vec;

use super::read::CNF_HEAD;
use super::wire::scope_item::{write_refinement, write_scope};
use super::wire::{write_ask, write_pattern, write_rule, write_value};
use super::{Claims, Scopes};
use crate::cbor::Writer;
use crate::name::Name;

/// A map under construction whose keys are given in ascending order.
#[derive(Default)]
struct Fields {
    count: usize,
    body: Writer,
}

impl Fields {
    fn key(&mut self, key: u64) -> &mut Writer {
        self.count = self.count.saturating_add(1);
        self.body.unsigned(key)
    }

    fn list<T>(&mut self, key: u64, list: &[T], write: impl Fn(&mut Writer, &T)) {
        if !list.is_empty() {
            self.stated_list(key, list, write);
        }
    }

    /// A list that is written even when it is empty.
    fn stated_list<T>(&mut self, key: u64, list: &[T], write: impl Fn(&mut Writer, &T)) {
        let body = self.key(key).array(list.len());
        list.iter().for_each(|element| write(body, element));
    }

    fn unsigned(&mut self, key: u64, value: Option<u64>) {
        if let Some(value) = value {
            self.key(key).unsigned(value);
        }
    }

    fn bytes(&mut self, key: u64, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.key(key).bytes(value);
        }
    }

    fn text(&mut self, key: u64, value: Option<&str>) {
        if let Some(value) = value {
            self.key(key).text(value);
        }
    }

    fn entries<T>(&mut self, key: u64, entries: &[(Name, T)], write: impl Fn(&mut Writer, &T)) {
        if entries.is_empty() {
            return;
        }
        let body = self.key(key).map(entries.len());
        for (name, value) in entries {
            write(body.text(name.as_str()), value);
        }
    }

    fn into_map(self) -> Vec<u8> {
        let mut map = Writer::default();
        map.map(self.count).raw(&self.body.into_bytes());
        map.into_bytes()
    }
}

impl Claims {
    /// The payload of an envelope: CWT claims first, the private map last.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut claims = Fields::default();
        claims.text(2, self.subject.as_deref());
        match self.audiences.as_slice() {
            [] => {}
            [one] => write_pattern(claims.key(3), one),
            several => claims.list(3, several, write_pattern),
        }
        claims.unsigned(4, self.expires_at);
        claims.unsigned(5, self.not_before);
        claims.unsigned(6, self.issued_at);
        claims.bytes(7, self.token_id.as_ref().map(<[u8; 8]>::as_slice));
        if let Some(key) = &self.key {
            claims.key(8).raw(&CNF_HEAD).raw(key.as_bytes());
        }
        let private = self.write_private();
        if private.count > 0 {
            claims.count = claims.count.saturating_add(1);
            claims.body.integer(-65_537).raw(&private.into_map());
        }
        claims.into_map()
    }

    fn write_private(&self) -> Fields {
        let mut private = Fields::default();
        private.bytes(0, self.hint.as_ref().map(|hint| hint.0.as_slice()));
        if self.session {
            private.key(1).bool(true);
        }
        private.bytes(2, self.continues.as_ref().map(|id| id.0.as_slice()));
        private.bytes(3, self.ledger.as_ref().map(|id| id.0.as_slice()));
        match &self.scopes {
            Some(Scopes::Whole(scopes)) => private.stated_list(4, scopes, write_scope),
            Some(Scopes::Refined(list)) => private.stated_list(4, list, write_refinement),
            None => {}
        }
        private.list(5, &self.deny, write_pattern);
        private.list(6, &self.ask, write_ask);
        if let Some(rules) = &self.rules {
            private.stated_list(7, rules, write_rule);
        }
        private.unsigned(8, self.level.map(|level| level.number().into()));
        private.list(9, &self.labels, |out, label| {
            out.text(label.as_str());
        });
        private.unsigned(10, self.clearance.map(|level| level.number().into()));
        private.entries(11, &self.budgets, |out, cap| {
            out.unsigned(*cap);
        });
        private.unsigned(12, self.depth.map(u64::from));
        private.text(13, self.note.as_deref());
        private.bytes(14, self.digest.as_ref().map(<[u8; 32]>::as_slice));
        private.entries(15, &self.said, write_value);
        private.bytes(16, self.approver.as_ref().map(|key| key.as_bytes().as_slice()));
        private.list(17, &self.actions, |out, action| {
            out.text(action.as_str());
        });
        private
    }
}
