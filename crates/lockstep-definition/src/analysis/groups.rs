//! Groups of numbers that lead to each other.
//!
//! Invariants:
//!
//! * Takes time in proportion to numbers and ways, and does not call itself.
//!
//! Source: R. Tarjan, *Depth-First Search and Linear Graph Algorithms* (1972).

/// Returns the groups; a number that leads to none that leads back is a group alone. `next` holds
/// for each number where it leads.
pub(crate) fn groups(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        order: vec![None; next.len()],
        low: vec![0; next.len()],
        stack: Vec::new(),
        on_stack: vec![false; next.len()],
        count: 0,
        groups: Vec::new(),
    };
    for root in 0..next.len() {
        search.from(root, next);
    }
    search.groups
}

struct Search {
    order: Vec<Option<usize>>,
    low: Vec<usize>,
    stack: Vec<usize>,
    on_stack: Vec<bool>,
    count: usize,
    groups: Vec<Vec<usize>>,
}

impl Search {
    fn from(&mut self, root: usize, next: &[Vec<usize>]) {
        if self.order.get(root).copied().flatten().is_some() {
            return;
        }
        self.open(root);
        let mut open = vec![(root, 0)];
        while let Some((at, child)) = open.pop() {
            if let Some(to) = next.get(at).and_then(|next| next.get(child)).copied() {
                open.push((at, child + 1));
                match self.order.get(to).copied().flatten() {
                    None => {
                        self.open(to);
                        open.push((to, 0));
                    }
                    Some(order) if self.on_stack.get(to) == Some(&true) => self.lower(at, order),
                    Some(_) => {}
                }
                continue;
            }
            self.close(at);
            if let (Some((parent, _)), Some(low)) = (open.last(), self.low.get(at).copied()) {
                self.lower(*parent, low);
            }
        }
    }

    fn open(&mut self, at: usize) {
        if let (Some(order), Some(low), Some(on)) =
            (self.order.get_mut(at), self.low.get_mut(at), self.on_stack.get_mut(at))
        {
            (*order, *low, *on) = (Some(self.count), self.count, true);
        }
        self.count += 1;
        self.stack.push(at);
    }

    fn lower(&mut self, at: usize, to: usize) {
        if let Some(low) = self.low.get_mut(at) {
            *low = (*low).min(to);
        }
    }

    /// Takes the group off the stack if `at` is the first of it.
    fn close(&mut self, at: usize) {
        if self.order.get(at).copied().flatten() != self.low.get(at).copied() {
            return;
        }
        let mut group = Vec::new();
        while let Some(member) = self.stack.pop() {
            if let Some(on) = self.on_stack.get_mut(member) {
                *on = false;
            }
            group.push(member);
            if member == at {
                break;
            }
        }
        group.sort_unstable();
        self.groups.push(group);
    }
}
